import assert from "node:assert/strict";
import { tf } from "../tf.ts";

/** That running something again and again keeps no tensors; the first time may (a trace, a cache). */
export async function assertFlat(run: () => void | Promise<void>, times = 3): Promise<void> {
  await run();
  const before = tf.memory().numTensors;
  for (let i = 0; i < times; i++) await run();
  const more = tf.memory().numTensors - before;
  assert.equal(more, 0, `${more} tensors more after ${times} times`);
}

/** How many variables there are. */
export function variableCount(): number {
  return Object.keys(tf.engine().registeredVariables).length;
}
