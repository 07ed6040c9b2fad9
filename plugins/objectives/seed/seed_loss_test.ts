import assert from "node:assert/strict";
import { Random, tf } from "@seed/core";
import { assertMinimum, dot, type Rows, softmax, unitRows } from "../../../tests/support/rows.ts";
import { seedLoss, seedLossAndEntropy } from "./seed_loss.ts";

/** The paper's equations, loop by loop, in float64. */
function naiveLoss(zS: Rows, zT: Rows, D: Rows, { tauS, tauT }: { tauS: number; tauT: number }): number {
  let total = 0;
  zT.forEach((t, i) => {
    const extended = [t, ...D];
    const pT = softmax(extended.map((d) => dot(t, d) / tauT));
    const pS = softmax(extended.map((d) => dot(zS[i], d) / tauS));
    pT.forEach((p, j) => total -= p === 0 ? 0 : p * Math.log(pS[j]));
  });
  return total / zT.length;
}

function loss(zS: Rows, zT: Rows, D: Rows, taus: { tauS: number; tauT: number }): number {
  return tf.tidy(() => seedLoss(tf.tensor2d(zS), tf.tensor2d(zT), tf.tensor2d(D), taus).dataSync()[0]);
}

Deno.test("seedLoss() is the paper's equations for any shape and temperature", () => {
  for (let trial = 0; trial < 50; trial++) {
    const random = new Random(trial, "seed loss");
    const batch = 1 + random.below(6), queue = 1 + random.below(40), dim = 2 + random.below(20);
    const [zS, zT] = [unitRows(random, batch, dim), unitRows(random, batch, dim)];
    const D = unitRows(random, queue, dim);
    // Down to 0.01: below it float32's own rounding of a cosine decides between near neighbours.
    const taus = { tauS: random.uniform(0.05, 1), tauT: random.uniform(0.01, 1) };
    const expected = naiveLoss(zS, zT, D, taus);
    const actual = loss(zS, zT, D, taus);
    const message = `trial ${trial}: ${actual}, expected ${expected}`;
    assert.ok(Math.abs(actual - expected) <= 2e-5 * Math.max(1, expected), message);
  }
});

Deno.test("with one temperature, a student that equals the teacher is a minimum", () => {
  for (let trial = 0; trial < 20; trial++) {
    const random = new Random(trial, "minimum"), taus = { tauS: 0.1, tauT: 0.1 };
    const zT = unitRows(random, 3, 6), D = unitRows(random, 10, 6);
    const [teacher, queue] = [zT, D].map((rows) => tf.tensor2d(rows));
    assertMinimum((z) => seedLoss(z, teacher, queue, taus), zT, [unitRows(random, 3, 6)]);
    tf.dispose([teacher, queue]);
  }
});

Deno.test("the loss at a teacher temperature of 1e-4 is finite and that of a one-hot target", () => {
  const random = new Random(0, "sharp");
  const [zS, zT, D] = [unitRows(random, 4, 8), unitRows(random, 4, 8), unitRows(random, 12, 8)];
  const oneHot = zS.reduce((sum, z, i) => {
    const pS = softmax([zT[i], ...D].map((d) => dot(z, d) / 0.2));
    return sum - Math.log(pS[0]) / zS.length;
  }, 0);
  const actual = loss(zS, zT, D, { tauS: 0.2, tauT: 1e-4 });
  assert.ok(Math.abs(actual - oneHot) <= 1e-5 * oneHot, `${actual}, expected ${oneHot}`);
});

Deno.test("no student's loss is below the teacher's entropy, and one that equals the teacher is there", () => {
  for (let trial = 0; trial < 20; trial++) {
    const random = new Random(trial, "entropy"), taus = { tauS: 0.1, tauT: 0.1 };
    const [zS, zT, D] = [unitRows(random, 3, 6), unitRows(random, 3, 6), unitRows(random, 10, 6)];
    const found = (z: Rows) =>
      tf.tidy(() => {
        const { loss, entropy } = seedLossAndEntropy(tf.tensor2d(z), tf.tensor2d(zT), tf.tensor2d(D), taus);
        return { loss: loss.dataSync()[0], entropy: entropy.dataSync()[0] } as never;
      }) as { loss: number; entropy: number };
    const other = found(zS), same = found(zT);
    assert.ok(other.loss > other.entropy + 1e-3, `${other.loss}, entropy ${other.entropy}`);
    assert.ok(Math.abs(same.loss - same.entropy) < 1e-6);
    assert.equal(other.entropy, same.entropy);
  }
});
