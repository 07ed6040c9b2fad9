/**
 * The `auto` engine, which recipes mean by silence: XLA where the machine has an NVIDIA card that XLA can use,
 * TensorFlow elsewhere. It is no engine itself: the other one is opened in its place, when a run begins, and a run's
 * folder names that one.
 *
 * @module
 */
import { definePlugin, z } from "@seed/core";
import xla from "@seed/engine-xla";

export default definePlugin({
  kind: "engine",
  name: "@seed/engine-auto",
  apiVersion: 1,
  about: { summary: "XLA where there is an NVIDIA card that it can use, TensorFlow elsewhere" },
  options: z.strictObject({
    /** How many cards share each batch. */
    devices: xla.options.shape.devices,
    /** How much of each card's memory is taken. */
    memory_fraction: xla.options.shape.memory_fraction,
  }),
  check: ({ devices }, recipe) => xla.check?.(xla.options.parse({ devices }), recipe) ?? [],
  async diagnose() {
    const { diagnose } = await import("./diagnose.ts");
    return diagnose();
  },
  async choose(options, context) {
    const { chooseEngine } = await import("./choose_engine.ts");
    const { devices, memory_fraction: memoryFraction } = options;
    return chooseEngine({ devices, memoryFraction, ...context });
  },
  create() {
    throw new Error("The engine auto is none itself: open the one that it chooses");
  },
});
