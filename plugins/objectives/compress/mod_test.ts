import { Random, tf } from "@seed/core";
import {
  assertMinimum,
  assertNear,
  dot,
  mean,
  type Rows,
  softmax,
  unitRows,
  valueAt,
} from "../../../tests/support/rows.ts";
import { compressLoss } from "./mod.ts";

/** The divergence, image by image. */
function naiveLoss(zS: Rows, zT: Rows, D: Rows, T: number): number {
  return mean(zT.map((t, i) => {
    const p = softmax(D.map((d) => dot(t, d) / T)), q = softmax(D.map((d) => dot(zS[i], d) / T));
    return p.reduce((sum, value, j) => sum + (value === 0 ? 0 : value * Math.log(value / q[j])), 0);
  }));
}

Deno.test("compressLoss() is the divergence of the two distributions for any shape and temperature", () => {
  for (let trial = 0; trial < 50; trial++) {
    const random = new Random(trial, "compress");
    const batch = 1 + random.below(6), queue = 1 + random.below(40), dim = 2 + random.below(20);
    const [zS, zT, D] = [batch, batch, queue].map((rows) => unitRows(random, rows, dim));
    const T = random.uniform(0.02, 1), [t, d] = [zT, D].map((rows) => tf.tensor2d(rows));
    assertNear(valueAt((z) => compressLoss(z, t, d, T), zS), naiveLoss(zS, zT, D, T), 2e-5, `trial ${trial}`);
    tf.dispose([t, d]);
  }
});

Deno.test("a student that equals the teacher is a minimum, and its loss is zero", () => {
  for (let trial = 0; trial < 20; trial++) {
    const random = new Random(trial, "minimum"),
      [zT, D, other] = [3, 10, 3].map((n) => unitRows(random, n, 6));
    const [t, d] = [zT, D].map((rows) => tf.tensor2d(rows)),
      loss = (z: tf.Tensor2D) => compressLoss(z, t, d, 0.04);
    assertMinimum(loss, zT, [other]);
    assertNear(valueAt(loss, zT), 0, 1e-6, `trial ${trial}`);
    tf.dispose([t, d]);
  }
});
