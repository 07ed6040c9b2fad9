import assert from "node:assert/strict";
import { Random, tf } from "@seed/core";
import { fillNeeds } from "@seed/core/host";
import { assertMinimum, assertNear, mean, unitRows, valueAt } from "../../../tests/support/rows.ts";
import { testContext } from "../../../tests/support/engine.ts";
import { objectiveContext, objectiveInputs } from "../../../tests/support/objective_inputs.ts";
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
  const [first, second, ...teacherEmbeddings] = rows.map((values) => tf.tensor2d(values));
  const objective = await plugin.create(plugin.options.parse({}), {
    ...{ ...testContext, ...objectiveContext(3), engine: null! },
  });
  assert.deepEqual(fillNeeds(plugin.needs({})).studentViews, [0, 1]);
  assert.deepEqual(plugin.needs({}).teacherViews, [0, 1]);
  const inputs = { studentEmbeddings: [first, second], teacherEmbeddings };
  const { loss, enqueue } = tf.tidy(() =>
    objective.loss(objectiveInputs(inputs)) as unknown as tf.TensorContainerObject
  );
  const expected = mean(rows[0].map((row, i) => squaredDistance(row, rows[2][i]))) +
    mean(rows[1].map((row, i) => squaredDistance(row, rows[3][i])));
  assertNear((loss as tf.Scalar).dataSync()[0], expected, 1e-6, "loss");
  assert.equal(fillNeeds(plugin.needs({})).queue, false);
  assert.equal(enqueue ?? null, null);
  tf.dispose([loss as tf.Scalar, first, second, ...teacherEmbeddings]);
});
