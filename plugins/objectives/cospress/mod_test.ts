import assert from "node:assert/strict";
import { Random, tf } from "@seed/core";
import { TrainableParameters } from "@seed/nn";
import {
  assertMinimum,
  assertNear,
  dot,
  mean,
  type Rows,
  unitRows,
  valueAt,
} from "../../../tests/support/rows.ts";
import { testEngine } from "../../../tests/support/engine.ts";
import { anglesLoss, cosineLoss, fitMap } from "./mod.ts";

const cosine = (a: number[], b: number[]) => dot(a, b) / Math.hypot(...a) / Math.hypot(...b);

/** The joint distribution of all pairs, in float64: an image's, and as another's. */
function joint(rows: Rows, T: number): number[][] {
  const p = rows.map((a, i) => rows.map((b, j) => i === j ? 0 : Math.exp((cosine(a, b) - 1) / T)));
  const sums = p.map((row) => row.reduce((x, y) => x + y));
  return p.map((row, i) => row.map((x, j) => (x / sums[i] + p[j][i] / sums[j]) / (2 * rows.length)));
}

Deno.test("anglesLoss() is the divergence of the joint distributions for any shape and temperature", () => {
  for (let trial = 0; trial < 30; trial++) {
    const random = new Random(trial, "angles"), images = 2 + random.below(8), T = random.uniform(0.05, 1);
    const [rows, mapped] = [unitRows(random, images, 6), unitRows(random, images, 3)];
    const p = joint(rows, T), q = joint(mapped, T);
    const expected = p.flat().reduce((sum, x, i) => sum + (x === 0 ? 0 : x * Math.log(x / q.flat()[i])), 0);
    const actual = tf.tidy(() => anglesLoss(tf.tensor2d(mapped), tf.tensor2d(rows), [T]).dataSync()[0]);
    assertNear(actual, expected, 2e-5, `trial ${trial}`);
  }
});

Deno.test("a map that keeps angles has no loss, and every other one has", () => {
  const random = new Random(1, "isometry"), rows = unitRows(random, 6, 3);
  const turned = rows.map(([x, y, z]) => [2 * z, -2 * x, 2 * y]); // a rotation, a reflection and a scale
  const loss = (mapped: Rows) =>
    tf.tidy(() => anglesLoss(tf.tensor2d(mapped), tf.tensor2d(rows), [0.02, 0.1]).dataSync()[0]);
  assertNear(loss(turned), 0, 1e-5, "loss");
  for (let trial = 0; trial < 10; trial++) assert.ok(loss(unitRows(random, 6, 3)) > 0.01);
});

Deno.test("cosineLoss() is the mean distance of directions, and a student that points there is a minimum", () => {
  const random = new Random(0, "cosine"),
    [student, target] = [unitRows(random, 4, 5), unitRows(random, 4, 5)];
  const t = tf.tensor2d(target), scaled = student.map((row) => row.map((x) => 3 * x));
  const expected = mean(student.map((row, i) => 1 - cosine(row, target[i])));
  assertNear(valueAt((z) => cosineLoss(z, t), scaled), expected, 1e-6, "loss");
  assertMinimum((z) => cosineLoss(z, t), target, [student]);
  t.dispose();
});

Deno.test("a fitted map keeps the cosines of images that lie near a subspace, of others than it was fitted to too", async () => {
  const engine = await testEngine(), random = new Random(2, "fit");
  // 24 dimensions, of which the images use 6, and a little of the others.
  const directions = unitRows(random, 6, 24);
  const images = (count: number): Rows =>
    Array.from({ length: count }, () => {
      const factors = directions.map(() => random.normal());
      const row = directions[0].map((_, j) =>
        factors.reduce((sum, f, k) => sum + f * directions[k][j], 0.02 * random.normal())
      );
      return row.map((x) => Math.fround(x / Math.hypot(...row)));
    });
  using source = new TrainableParameters(0);
  source.get("map.weight", "linear", [24, 6], () => 0, false);
  const [parameter] = source.parameters, told: string[] = [], teacherEmbeddings = tf.tensor2d(images(256));
  const others = images(40), before = tf.memory().numTensors;
  await fitMap(parameter, {
    ...{
      teacherEmbeddings,
      signal: new AbortController().signal,
      log: (message: string) => void told.push(message),
    },
  }, { engine, seed: 0, temperatures: [0.05, 0.1], batch: 64, steps: 400, lr: 0.01 });
  assert.equal(tf.memory().numTensors, before);
  assert.match(told[0], /from 24 to 6 dimensions is fitted to 256 images; .* goes from .* in 400 steps/);
  const mapped = tf.tidy(() =>
    tf.matMul(tf.tensor2d(others), parameter.variable as tf.Tensor2D).arraySync()
  ) as Rows;
  const errors = others.flatMap((a, i) =>
    others.map((b, j) => Math.abs(cosine(mapped[i], mapped[j]) - cosine(a, b)))
  );
  assert.ok(mean(errors) < 0.03, `cosines differ by ${mean(errors)} in the mean`);
  teacherEmbeddings.dispose();
});

Deno.test("a map is not fitted to a single image", async () => {
  const engine = await testEngine(), teacherEmbeddings = tf.tensor2d([[1, 0]]);
  using source = new TrainableParameters(0);
  source.get("map.weight", "linear", [2, 1], () => 0, false);
  const inputs = { teacherEmbeddings, signal: new AbortController().signal, log() {} };
  const options = { engine, seed: 0, temperatures: [0.1], batch: 2, steps: 1, lr: 0.1 };
  await assert.rejects(fitMap(source.parameters[0], inputs, options), /there is one image/);
  teacherEmbeddings.dispose();
});

Deno.test("a fit that diverges is told with the rate", async () => {
  const engine = await testEngine(), teacherEmbeddings = tf.tensor2d([[1, 0], [0, 1], [1, 1]]);
  using source = new TrainableParameters(0);
  source.get("map.weight", "linear", [2, 1], () => 0, false);
  const inputs = { teacherEmbeddings, signal: new AbortController().signal, log() {} };
  const options = { engine, seed: 0, temperatures: [0.1], batch: 3, steps: 3, lr: 1e38 };
  await assert.rejects(fitMap(source.parameters[0], inputs, options), {
    name: "RunError",
    message: /is NaN after 3 steps, expected a finite number; lower the objective's lr 1e\+38/,
  });
  teacherEmbeddings.dispose();
});
