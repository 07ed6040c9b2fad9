/**
 * The `tensorflow` engine: tfjs-node-gpu's kernels on TensorFlow's C library, through Deno's FFI. The first use
 * installs the library from PyPI into the user's cache; `SEED_TENSORFLOW_DIR` names one that is there already.
 *
 * @module
 */
import { definePlugin, z } from "@seed/core";

export default definePlugin({
  kind: "engine",
  name: "@seed/engine-tensorflow",
  apiVersion: 1,
  about: { summary: "TensorFlow's C library: CPU or CUDA, the whole training step as one traced function" },
  options: z.strictObject({}),
  async diagnose(context) {
    const { diagnose } = await import("./diagnose.ts");
    return await diagnose(context);
  },
  async create(_options, context) {
    const { findLibrary } = await import("./library.ts");
    const { TensorflowEngine } = await import("./engine.ts");
    return await TensorflowEngine.open(await findLibrary(context), context);
  },
});
