import assert from "node:assert/strict";
import { type Queue, Random, type Student, tf } from "@seed/core";
import { assertMinimum, assertNear, mean, unitRows, valueAt } from "../../../tests/support/rows.ts";
import { testContext } from "../../../tests/support/engine.ts";
import plugin, { discoLoss } from "./mod.ts";

const squaredDistance = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0);

Deno.test("discoLoss() is the squared distance for any shape", () => {
  for (let trial = 0; trial < 20; trial++) {
    const random = new Random(trial, "disco"), batch = 1 + random.below(6), dim = 2 + random.below(20);
    const [s, t] = [unitRows(random, batch, dim), unitRows(random, batch, dim)], target = tf.tensor2d(t);
    const expected = mean(s.map((row, i) => squaredDistance(row, t[i])));
    assertNear(valueAt((z) => discoLoss(z, target), s), expected, 1e-6, `trial ${trial}`);
    target.dispose();
  }
});

Deno.test("a student that equals the teacher is a minimum, and its loss is zero", () => {
  const random = new Random(0, "minimum"), t = unitRows(random, 3, 6), target = tf.tensor2d(t);
  assertMinimum((z) => discoLoss(z, target), t, [unitRows(random, 3, 6)]);
  assertNear(valueAt((z) => discoLoss(z, target), t), 0, 1e-12, "loss");
  target.dispose();
});

Deno.test("each view is compared with the teacher's embedding of that view, and there is no queue", async () => {
  const random = new Random(1, "views"), rows = [0, 1, 2, 3].map(() => unitRows(random, 2, 3));
  const [first, second, ...teacher] = rows.map((values) => tf.tensor2d(values));
  const outputs = new Map<tf.Tensor4D, tf.Tensor2D>();
  const views = [first, second].map((embedding) => {
    const view = tf.zeros<tf.Rank.R4>([2, 1, 1, 3]);
    outputs.set(view, embedding);
    return view;
  });
  const student = {
    forward: (view: tf.Tensor4D) => ({ embedding: outputs.get(view)! }),
  } as unknown as Student;
  const objective = await plugin.create(plugin.options.parse({}), {
    ...testContext,
    engine: null!,
    embeddingDim: 3,
    createStudent: null!,
  });
  const inputs = { views, student, teacher, queue: null as unknown as Queue };
  const { loss, enqueue } = tf.tidy(() => objective.loss(inputs) as unknown as tf.TensorContainerObject);
  const expected = mean(rows[0].map((row, i) => squaredDistance(row, rows[2][i]))) +
    mean(rows[1].map((row, i) => squaredDistance(row, rows[3][i])));
  assertNear((loss as tf.Scalar).dataSync()[0], expected, 1e-6, "loss");
  assert.equal(enqueue, null);
  tf.dispose([loss as tf.Scalar, first, second, ...teacher, ...views]);
});
