import assert from "node:assert/strict";
import { Random, tf } from "@seed/core";
import { assertNear, dot, mean, type Rows, unitRows, valueAt } from "../../../tests/support/rows.ts";
import { testContext } from "../../../tests/support/engine.ts";
import { objectiveContext, objectiveInputs } from "../../../tests/support/objective_inputs.ts";
import plugin, { bingoLoss } from "./mod.ts";

/** Each image of the student's two against each of the teacher's two. */
function naiveLoss(queries: Rows[], keys: Rows[], D: Rows, T: number): number {
  const losses = queries.flatMap((q) =>
    keys.flatMap((k) =>
      q.map((query, i) => {
        const positive = Math.exp(dot(query, k[i]) / T);
        return -Math.log(positive / D.reduce((sum, d) => sum + Math.exp(dot(query, d) / T), positive));
      })
    )
  );
  return mean(losses);
}

Deno.test("bingoLoss() is the mean over the four pairs for any shape and temperature", () => {
  for (let trial = 0; trial < 30; trial++) {
    const random = new Random(trial, "bingo"), T = random.uniform(0.05, 1);
    const batch = 1 + random.below(6), queue = 1 + random.below(40), dim = 2 + random.below(20);
    const rows = [batch, batch, batch, batch, queue].map((n) => unitRows(random, n, dim));
    const [q, neighbour, k, neighbourKey, D] = rows.map((values) => tf.tensor2d(values));
    const actual = valueAt((z) => bingoLoss([z, neighbour], [k, neighbourKey], D, T), rows[0]);
    assertNear(actual, naiveLoss(rows.slice(0, 2), rows.slice(2, 4), rows[4], T), 1e-5, `trial ${trial}`);
    tf.dispose([q, neighbour, k, neighbourKey, D]);
  }
});

Deno.test("apart, each view is compared with its own image's key alone", () => {
  const random = new Random(5, "apart"), T = 0.2;
  const rows = [3, 3, 3, 3, 9].map((n) => unitRows(random, n, 4));
  const [q, neighbour, k, neighbourKey, D] = rows.map((values) => tf.tensor2d(values));
  const actual = valueAt((z) => bingoLoss([z, neighbour], [k, neighbourKey], D, T, 0), rows[0]);
  const expected = mean([
    naiveLoss([rows[0]], [rows[2]], rows[4], T),
    naiveLoss([rows[1]], [rows[3]], rows[4], T),
  ]);
  assertNear(actual, expected, 1e-5, "loss");
  tf.dispose([q, neighbour, k, neighbourKey, D]);
});

Deno.test("an image and its neighbour come together after as many epochs as the options say", async () => {
  const random = new Random(6, "epochs"), options = plugin.options.parse({ apart_epochs: 2 });
  const [q, n, k, m, D] = [3, 3, 3, 3, 9].map((rows) => tf.tensor2d(unitRows(random, rows, 4)));
  const objective = await plugin.create(options, { ...testContext, ...objectiveContext(4), engine: null! });
  const lossAt = (epoch: number) =>
    tf.tidy(() => {
      const progress = { step: tf.scalar(0), epoch: tf.scalar(epoch), share: tf.scalar(0) };
      const given = { studentEmbeddings: [q, n], teacherEmbeddings: [k, m], queue: D, progress };
      return objective.loss(objectiveInputs(given)).loss.dataSync()[0];
    });
  const [apart, together] = [0, 1].map((share) =>
    tf.tidy(() => bingoLoss([q, n], [k, m], D, 0.2, share).dataSync()[0])
  );
  assert.notEqual(apart, together);
  [[0, apart], [1.99, apart], [2, together], [7.5, together]].forEach(([epoch, expected]) =>
    assertNear(lossAt(epoch), expected, 1e-6, `epoch ${epoch}`)
  );
  tf.dispose([q, n, k, m, D]);
});

Deno.test("where a bag is one point, no student has a smaller loss than one that equals the teacher", () => {
  const random = new Random(0, "minimum"), key = unitRows(random, 3, 6);
  const far = unitRows(random, 40, 6).filter((row) => key.every((k) => dot(k, row) < 0.7));
  const [k, D] = [key, far].map((rows) => tf.tensor2d(rows));
  const loss = (z: tf.Tensor2D) => bingoLoss([z, z], [k, k], D, 0.02);
  const least = valueAt(loss, key);
  assert.ok(least < 1e-5, `${least}`);
  for (let other = 0; other < 10; other++) assert.ok(valueAt(loss, unitRows(random, 3, 6)) > least);
  tf.dispose([k, D]);
});
