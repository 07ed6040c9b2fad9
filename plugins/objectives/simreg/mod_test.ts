import { Random, tf } from "@seed/core";
import { assertMinimum, assertNear, dot, mean, unitRows, valueAt } from "../../../tests/support/rows.ts";
import { simRegLoss } from "./mod.ts";

Deno.test("simRegLoss() is two less twice the cosine for any shape", () => {
  for (let trial = 0; trial < 20; trial++) {
    const random = new Random(trial, "simreg"), batch = 1 + random.below(6), dim = 2 + random.below(20);
    const [p, t] = [unitRows(random, batch, dim), unitRows(random, batch, dim)], target = tf.tensor2d(t);
    const expected = mean(p.map((row, i) => 2 - 2 * dot(row, t[i])));
    assertNear(valueAt((z) => simRegLoss(z, target), p), expected, 1e-6, `trial ${trial}`);
    target.dispose();
  }
});

Deno.test("a student that equals the teacher is a minimum, and its loss is zero", () => {
  const random = new Random(0, "minimum"), t = unitRows(random, 3, 6), target = tf.tensor2d(t);
  assertMinimum((z) => simRegLoss(z, target), t, [unitRows(random, 3, 6)]);
  assertNear(valueAt((z) => simRegLoss(z, target), t), 0, 1e-6, "loss");
  target.dispose();
});
