import assert from "node:assert/strict";
import { EagerFunction } from "../engine/eager_function.ts";
import { tf } from "../tf.ts";
import { factorOf, Mixup, partnersOf } from "./mixup.ts";

await tf.setBackend("cpu");

const engine = { trace: (fn: (...inputs: tf.Tensor[]) => tf.Tensor[]) => new EagerFunction("mixup", fn) };

/** One-pixel images of these values, and the same of two by two pixels. */
const images = (values: number[], side = 1) =>
  tf.tidy(() =>
    tf.mul(tf.reshape(tf.tensor1d(values), [-1, 1, 1, 1]), tf.ones([1, side, side, 3]))
  ) as tf.Tensor4D;

async function mixed(mixup: Mixup, values: number[], step: number, side = 1): Promise<number[]> {
  const mixture = await mixup.mix(images(values, side), step);
  const [first, ...others] = tf.tidy(() =>
    tf.unstack(tf.reshape(mixture, [values.length, -1]), 1).map((x) => [...x.dataSync()])
  ) as unknown as number[][];
  for (const other of others) assert.deepEqual(other, first, "all pixels of an image are mixed alike");
  mixture.dispose();
  return first;
}

Deno.test("a view becomes a share of itself and the rest of another, at both sizes of the networks", async () => {
  using mixup = new Mixup(engine, { seed: 3, parts: 1, rank: 0 });
  const values = [10, 20, 40, 80];
  for (let step = 0; step < 20; step++) {
    const factor = factorOf(step, 3), partners = partnersOf(4, step, { seed: 3, parts: 1, rank: 0 });
    const expected = values.map((value, i) => value * factor + values[partners[i]] * (1 - factor));
    for (const side of [1, 2]) {
      (await mixed(mixup, values, step, side)).forEach((value, i) =>
        assert.ok(Math.abs(value - expected[i]) < 1e-4)
      );
    }
    assert.deepEqual([...partners].sort(), [0, 1, 2, 3]);
  }
});

Deno.test("factors are uniform in 0..1 and differ by step and seed", () => {
  const factors = Array.from({ length: 4000 }, (_, step) => factorOf(step, 0));
  const mean = factors.reduce((a, b) => a + b) / 4000;
  const variance = factors.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 4000;
  assert.ok(Math.abs(mean - 1 / 2) < 0.02 && Math.abs(variance - 1 / 12) < 0.005, `${mean}, ${variance}`);
  assert.ok(factors.every((x) => x >= 0 && x < 1));
  assert.notEqual(factorOf(0, 0), factorOf(0, 1));
});

Deno.test("the parts of a batch are mixed as those of as many processes", () => {
  const inParts = [...partnersOf(12, 7, { seed: 1, parts: 2, rank: 0 })];
  const inProcesses = [0, 1].flatMap((rank) =>
    [...partnersOf(6, 7, { seed: 1, parts: 1, rank })].map((partner) => partner + 6 * rank)
  );
  assert.deepEqual(inParts, inProcesses);
  assert.ok(inParts.slice(0, 6).every((partner) => partner < 6));
});

Deno.test("the images that it is given are freed, and nothing else stays", async () => {
  using mixup = new Mixup(engine, { seed: 0, parts: 1, rank: 0 });
  const before = tf.memory().numTensors;
  for (let step = 0; step < 3; step++) (await mixup.mix(images([1, 2]), step)).dispose();
  assert.equal(tf.memory().numTensors, before);
});
