import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { withValuesSetLater } from "@seed/core/host";
import { constant, normal, TrainableParameters } from "@seed/nn";

/** A value as a network's plugin makes it: some time after it was asked to. */
async function made(name: string): Promise<number[]> {
  using source = new TrainableParameters(0);
  await new Promise((resolve) => setTimeout(resolve, 1));
  source.get(name, "vector", [3], normal(1));
  source.get(`${name}.scale`, "vector", [1], constant(1));
  return source.parameters.flatMap(({ variable }) => [...variable.dataSync()]);
}

Deno.test("values that are set later are not drawn, those of others that are made meanwhile are", async () => {
  await tf.setBackend("cpu");
  const before = tf.memory().numTensors, drawn = await made("a");
  assert.ok(new Set(drawn.slice(0, 3)).size === 3 && drawn[3] === 1, `${drawn}`);
  const [later, meanwhile] = await Promise.all([withValuesSetLater(() => made("a")), made("a")]);
  assert.deepEqual(later, [0, 0, 0, 0]);
  assert.deepEqual(meanwhile, drawn);
  assert.deepEqual(await made("a"), drawn);
  assert.equal(tf.memory().numTensors, before);
});
