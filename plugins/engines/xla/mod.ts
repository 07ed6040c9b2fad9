/**
 * The `xla` engine: XLA through the C API of its plugins (PJRT), by Deno's FFI. A plugin is a shared library for a kind
 * of device: the one for NVIDIA cards is installed in the cache where there are such cards, another is named by the
 * option `plugin_file`, or the variable `SEED_PJRT_PLUGIN`. A training step is one program, which XLA shares out over
 * all devices of a machine.
 *
 * @module
 */
import { definePlugin, z } from "@seed/core";

export { findCards, type FoundCards, type UsableCard, type UsableCards } from "./driver/find_cards.ts";
export { type Asked, type Suits, suits } from "./driver/suits.ts";

export default definePlugin({
  kind: "engine",
  name: "@seed/engine-xla",
  apiVersion: 1,
  about: {
    summary: "XLA by a PJRT plugin: the whole training step as one program, on one device or several",
    source: "https://github.com/openxla/xla",
  },
  options: z.strictObject({
    /** Path of the plugin's shared library; null: `SEED_PJRT_PLUGIN` names it, or it is NVIDIA's. */
    plugin_file: z.string().min(1).nullable().default(null),
    /** How many of the plugin's devices share each batch; of a processor, `all` is 1. */
    devices: z.union([z.literal("all"), z.int().min(1).max(64)]).default("all"),
    /** How much of each card's memory it takes for programs, from its start on; null: as XLA has it, 0.75. */
    memory_fraction: z.number().gt(0).max(1).nullable().default(null),
    /** How depthwise convolutions are computed; `auto`: tap by tap on processors. For measurements. */
    depthwise: z.enum(["auto", "taps", "convolution"]).default("auto"),
  }),
  check({ devices }, { passSize }) {
    if (devices === "all" || passSize % devices === 0) return [];
    const message =
      `Expected a divisor of the ${passSize} images of a pass (train.batch_size by train.accumulate), ` +
      `got ${devices}: each device computes as many of them`;
    return [{ key: "devices", message }];
  },
  async diagnose(context) {
    const { diagnose } = await import("./diagnose.ts");
    return await diagnose(context);
  },
  async create(
    { plugin_file, devices, memory_fraction, depthwise },
    { device, trace, resolve, cacheDir, log, signal },
  ) {
    const { pluginFile } = await import("./pjrt/plugin_file.ts");
    const { prepareCudaPlugin } = await import("./install/prepare_cuda_plugin.ts");
    const { XlaEngine } = await import("./engine.ts");
    const { cacheSize } = await import("./backend/cache_size.ts");
    const most = cacheSize();
    const { tryPlugin } = await import("./pjrt/try_plugin.ts");
    const named = pluginFile(plugin_file && resolve(plugin_file));
    const prepared = named
      ? { pluginFile: named }
      : await prepareCudaPlugin({ device, cacheDir, log, signal });
    await tryPlugin(prepared.pluginFile, { cacheDir, log, signal });
    return await XlaEngine.open({
      ...prepared,
      ...{ devices, memoryFraction: memory_fraction, depthwise, device, trace },
      programs: { folder: most > 0 ? `${cacheDir}/programs` : null, log, most },
    });
  },
});
