/**
 * An engine: what computes. This one is tfjs's own backend, operation by operation; put yours in its place.
 *
 * ```yaml
 * engine: { plugin: "./my_plugin.ts" }
 * ```
 *
 * @module
 */
import {
  definePlugin,
  EagerFunction,
  type Engine,
  mendHostKernels,
  type Precision,
  RunError,
  tf,
  type TracedFunction,
  type TraceOptions,
  z,
} from "@seed/core";

class MyEngine implements Engine {
  readonly name = "my-plugin";
  readonly version = tf.version_core;
  readonly device = "cpu";
  /** Whether a traced function is one operation; here each call runs it anew. */
  readonly traces = false;

  arithmetic(_precision: Precision): "fp32" {
    return "fp32";
  }

  /** Makes a function one operation: at the first call `fn` runs on stand-ins, and what its kernels ask for is recorded. */
  trace(fn: (...inputs: tf.Tensor[]) => tf.Tensor[], { name }: TraceOptions): TracedFunction {
    return new EagerFunction(name, fn);
  }

  upload(pixels: Uint8Array, shape: [number, number, number, number]): tf.Tensor4D {
    return tf.tensor4d(Float32Array.from(pixels), shape);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export default definePlugin({
  kind: "engine",
  name: "my-plugin", // in messages, and the name of its folder in the cache
  apiVersion: 1,
  about: { summary: "tfjs's own backend, operation by operation" },
  // Every key that a recipe may write beside `plugin`: checked before anything heavy loads.
  options: z.strictObject({}),
  async create(_options, { device }) {
    if (device === "gpu") throw new RunError('This engine has no GPU; set engine.device to "cpu"');
    mendHostKernels(); // one of tfjs's kernels writes into its input
    await tf.setBackend("cpu");
    return new MyEngine();
  },
});
