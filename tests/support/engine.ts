import type { Engine } from "@seed/core";
import { cacheDirectory } from "@seed/core/host";
import plugin from "@seed/engine-tensorflow";
import { readProcessor } from "../../plugins/engines/tensorflow/processor.ts";

/** Context of a plugin in tests. */
export const testContext = {
  seed: 0,
  cacheDir: `${cacheDirectory()}/seed_engine-tensorflow`,
  resolve: (path: string) => path,
  log: (message: string) => console.error(message),
  signal: new AbortController().signal,
};

/** Opens an engine of its own, for a process that has no other. */
export async function openTestEngine(): Promise<Engine> {
  return await plugin.create({}, { ...testContext, device: "cpu", trace: true });
}

let engine: Engine | null = null;

/** The tensorflow engine, opened once for all tests of a process and installed if need be. */
export async function testEngine(): Promise<Engine> {
  return engine ??= await openTestEngine();
}

const TRAINS_IN_BF16 = readProcessor().convolvesInBf16;

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
