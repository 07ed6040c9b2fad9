import type { Engine } from "@seed/core";
import { cacheDirectory } from "@seed/core/host";
import tensorflow from "@seed/engine-tensorflow";
import xla from "@seed/engine-xla";
import { cpuPlugin } from "./xla_plugin.ts";
import { readProcessor } from "../../plugins/engines/tensorflow/processor.ts";

/** Context of a plugin in tests. */
export const testContext = {
  seed: 0,
  cacheDir: `${cacheDirectory()}/seed_engine-tensorflow`,
  resolve: (path: string) => path,
  log: (message: string) => console.error(message),
  signal: new AbortController().signal,
};

/**
 * What tests compute with: `SEED_ENGINE`, which is `tensorflow`, the default, or `xla` on its CPU plugin; `xla:2` on two
 * devices.
 */
const [NAME, DEVICES] = (Deno.env.get("SEED_ENGINE") ?? "tensorflow").split(":");

/** Opens an engine of its own, for a process that has no other. */
export async function openTestEngine(): Promise<Engine> {
  const context = { ...testContext, device: "cpu", trace: true } as const;
  switch (NAME) {
    case "tensorflow":
      return await tensorflow.create({}, context);
    case "xla": {
      const options = xla.options.parse({ plugin_file: await cpuPlugin(), devices: Number(DEVICES ?? 1) });
      return await xla.create(options, { ...context, cacheDir: `${cacheDirectory()}/seed_engine-xla` });
    }
    default:
      throw new Error(`SEED_ENGINE is "${NAME}", expected tensorflow, xla, or xla:2 for two devices`);
  }
}

let engine: Engine | null = null;

/** The engine, opened once for all tests of a process and installed if need be. */
export async function testEngine(): Promise<Engine> {
  return engine ??= await openTestEngine();
}

/** Whether networks train with layers that are fused by hand on it; on XLA, which fuses by itself, they do not. */
export const FUSES_BY_HAND = NAME === "tensorflow";

const TRAINS_IN_BF16 = NAME === "tensorflow" && readProcessor().convolvesInBf16;

/** A test of training in bf16. Where the engine does not train in it the test is ignored, and its name says why. */
export function testInBf16(name: string, fn: () => Promise<void>): void {
  const why = "ignored: this processor, or TensorFlow without oneDNN, does not train in bf16";
  Deno.test({ name: TRAINS_IN_BF16 ? name : `${name} (${why})`, ignore: !TRAINS_IN_BF16, fn });
}

/** Whether the engine trains in bf16 here; says so on the terminal if not, for what then is not tested. */
export async function trainsInBf16(): Promise<boolean> {
  const trains = (await testEngine()).arithmetic("auto", { training: true }) === "bf16";
  if (!trains) {
    console.log("Not tested: this processor, or TensorFlow without oneDNN, does not train in bf16");
  }
  return trains;
}
