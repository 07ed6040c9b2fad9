/**
 * Readers that do what none must, for the test of the fuzzing.
 *
 * @module
 */
import { RunError } from "@seed/core";
import type { Reader } from "../reader.ts";

const kept: Uint8Array[] = [];

/** `(func unreachable)` */
const UNREACHABLE = Uint8Array.fromBase64("AGFzbQEAAAABBAFgAAADAgEABwUBAWYAAAoFAQMAAAs=");

function wait(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}

const READ: Record<string, (folder: string) => void> = {
  good(folder) {
    throw new RunError(`"${folder}" is refused`);
  },
  dies: () => Deno.exit(3),
  hangs: () => wait(60_000),
  slow: () => wait(400),
  hungry: () => void kept.push(new Uint8Array(2 ** 27).fill(1)),
  throws() {
    throw new TypeError("no wonder");
  },
  traps() {
    const { f } = new WebAssembly.Instance(new WebAssembly.Module(UNREACHABLE)).exports;
    (f as () => void)();
  },
  nameless() {
    throw new RunError("something is wrong");
  },
  loud(folder) {
    throw new RunError(`"${folder}" is \x1b[31mred`);
  },
};

export const READERS: readonly Reader[] = Object.entries(READ).map(([name, read]) => ({
  name,
  seeds: () => [{ name: "seed", files: { file: Uint8Array.of(1, 2, 3) } }],
  read,
  seconds: name === "slow" ? 0.3 : undefined,
}));
