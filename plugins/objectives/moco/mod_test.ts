import assert from "node:assert/strict";
import {
  type Engine,
  type Objective,
  type Parameter,
  Random,
  type Student,
  tf,
  trainingPass,
} from "@seed/core";
import { FifoQueue } from "@seed/queue-fifo";
import { testContext } from "../../../tests/support/engine.ts";
import { objectiveContext, objectiveInputs } from "../../../tests/support/objective_inputs.ts";
import { dot, type Rows, unitRows, valueAt } from "../../../tests/support/rows.ts";
import plugin, { infoNce } from "./mod.ts";

/** Equation 1, loop by loop, in float64. */
function naiveInfoNce(q: Rows, k: Rows, D: Rows, temperature: number): number {
  const losses = q.map((query, i) => {
    const positive = Math.exp(dot(query, k[i]) / temperature);
    const negatives = D.map((d) => Math.exp(dot(query, d) / temperature));
    return -Math.log(positive / negatives.reduce((a, b) => a + b, positive));
  });
  return losses.reduce((a, b) => a + b) / q.length;
}

Deno.test("infoNce() is MoCo's equation 1 for any shape and temperature", () => {
  for (let trial = 0; trial < 50; trial++) {
    const random = new Random(trial, "info nce");
    const batch = 1 + random.below(6), queue = 1 + random.below(40), dim = 2 + random.below(20);
    const rows = [batch, batch, queue].map((n) => unitRows(random, n, dim));
    const temperature = random.uniform(0.05, 1),
      expected = naiveInfoNce(rows[0], rows[1], rows[2], temperature);
    const actual = tf.tidy(() => {
      const [q, k, D] = rows.map((r) => tf.tensor2d(r));
      return infoNce(q, k, D, temperature).dataSync()[0];
    });
    const message = `trial ${trial}: ${actual}, expected ${expected}`;
    assert.ok(Math.abs(actual - expected) <= 1e-5 * Math.max(1, expected), message);
  }
});

Deno.test("at a low temperature no student has a smaller loss than one that equals the keys", () => {
  for (let trial = 0; trial < 20; trial++) {
    const random = new Random(trial, "minimum"), rows = unitRows(random, 3, 6);
    // Far from the keys: none of them is more like a key than the key itself.
    const far = unitRows(random, 40, 6).filter((row) => rows.every((key) => dot(key, row) < 0.7));
    const [k, D] = [rows, far].map((values) => tf.tensor2d(values)),
      loss = (q: tf.Tensor2D) => infoNce(q, k, D, 0.02);
    const least = valueAt(loss, rows);
    assert.ok(least < 1e-5, `trial ${trial}: ${least}`);
    assert.ok(
      valueAt(loss, unitRows(random, 3, 6)) > least,
      `trial ${trial}: another student has a smaller loss`,
    );
    tf.dispose([k, D]);
  }
});

/** Its embedding is a weight times the mean of the picture; its running statistic counts passes in training. */
class TinyStudent implements Student {
  readonly network = "tiny";
  readonly featureDim = 2;
  readonly embeddingDim = 2;
  readonly mean = [0, 0, 0] as const;
  readonly std = [1, 1, 1] as const;
  readonly parameters: Parameter[];

  /** The values of each pass's pictures. */
  readonly seen: number[][] = [];
  /** Random numbers that it was given in training. */
  readonly noise: number[] = [];

  constructor(weight: [number, number], readonly passes = tf.variable(tf.scalar(0), false)) {
    const variable = tf.variable(tf.tensor2d([weight]));
    this.parameters = [
      { name: "weight", kind: "vector", variable, trainable: true },
      { name: "passes", kind: "vector", variable: passes, trainable: false },
    ];
  }

  forward(images: tf.Tensor4D, { training, noise }: { training: boolean; noise?: tf.Tensor2D }) {
    if (noise) this.noise.push(...noise.dataSync());
    if (training) tf.tidy(() => this.passes.assign(tf.add(this.passes, 1) as tf.Scalar));
    const mean = tf.reshape(tf.mean(images, [1, 2, 3]), [-1, 1]);
    this.seen.push([...mean.dataSync()]);
    const embedding = tf.add(tf.mul(mean, this.parameters[0].variable), [[0, 1]]) as tf.Tensor2D;
    return { features: embedding, embedding };
  }

  [Symbol.dispose](): void {
    tf.dispose(this.parameters.map(({ variable }) => variable));
  }
}

async function objectiveOf(keyEncoder: Student, options: { momentum?: number } = {}, bnSplits = 1) {
  const objective = await plugin.create(plugin.options.parse(options), {
    ...{ ...testContext, ...objectiveContext(2, () => Promise.resolve(keyEncoder)), bnSplits },
    engine: null as unknown as Engine, // the objective asks nothing of it
  });
  return objective as Objective & Disposable;
}

/** The loss of two views, with the student's pass on the first as the core makes it. */
function lossOf(
  objective: Objective,
  student: Student,
  [view, other]: tf.Tensor4D[],
  queue: FifoQueue,
  { noise, bnSplits = 1 }: { noise?: tf.Tensor2D[]; bnSplits?: number } = {},
) {
  const { embedding } = trainingPass(student, view, { bnSplits });
  const given = { views: [view, other], studentEmbeddings: [embedding], noise };
  return objective.loss(objectiveInputs({ ...given, queue: queue.embeddings as tf.Tensor2D }));
}

Deno.test("the momentum encoder follows the student's weights, not its running statistics", async () => {
  using student = new TinyStudent([1, -2]), key = new TinyStudent([0.5, 4]);
  using objective = await objectiveOf(key, { momentum: 0.9 });
  student.passes.assign(tf.scalar(7));
  objective.prepare!({ student, progress: objectiveInputs({}).progress });
  const [weight, passes] = objective.parameters!.map(({ variable }) => [...variable.dataSync()]);
  [0.9 * 0.5 + 0.1 * 1, 0.9 * 4 + 0.1 * -2].forEach((x, i) => assert.ok(Math.abs(weight[i] - x) < 1e-6));
  assert.deepEqual(passes, [0]);
  assert.deepEqual(objective.parameters!.map(({ name, trainable }) => [name, trainable]), [
    ["momentum_encoder.weight", false],
    ["momentum_encoder.passes", false],
  ]);
});

Deno.test("the query is of the first view, the key of the second and goes into the queue", async () => {
  using student = new TinyStudent([1, -2]), key = new TinyStudent([0.5, 4]), queue = new FifoQueue(4, 2, 0);
  using objective = await objectiveOf(key);
  const views = [tf.fill([1, 2, 2, 3], 0.5), tf.fill([1, 2, 2, 3], 0.25)] as tf.Tensor4D[];
  const unit = ([a, b]: [number, number]) => [a, b].map((x) => x / Math.hypot(a, b));
  const q = unit([0.5 * 1, 0.5 * -2 + 1]), k = unit([0.25 * 0.5, 0.25 * 4 + 1]);
  const { loss, enqueue } = tf.tidy(() =>
    lossOf(objective, student, views, queue) as unknown as Record<string, tf.Tensor>
  );
  const expected = naiveInfoNce([q], [k], queue.embeddings.arraySync() as Rows, 0.2);
  assert.ok(Math.abs(loss.dataSync()[0] - expected) < 1e-5, `${loss.dataSync()}, expected ${expected}`);
  [...enqueue!.dataSync()].forEach((x, i) => assert.ok(Math.abs(x - k[i]) < 1e-6));
  assert.deepEqual([student.passes.dataSync()[0], key.passes.dataSync()[0]], [1, 1]);
  tf.dispose([...views, loss, enqueue!]);
});

Deno.test("the momentum encoder takes the random numbers that are for it", async () => {
  using student = new TinyStudent([1, -2]), key = new TinyStudent([0.5, 4]), queue = new FifoQueue(4, 2, 0);
  using objective = await objectiveOf(key);
  assert.equal(plugin.needs(plugin.options.parse({})).noise, true);
  const noise = [[[0.25], [0.75]], [[0.5], [0.125]]].map((rows) => tf.tensor2d(rows)),
    view = tf.ones([2, 2, 2, 3]) as tf.Tensor4D;
  tf.tidy(() => void lossOf(objective, student, [view, view], queue, { noise }));
  assert.deepEqual([student.noise, key.noise], [[], [0.25, 0.75]]);
  tf.dispose([...noise, view]);
});

Deno.test("split batch norms: no two images that a query's part has together are together in a key's", async () => {
  using student = new TinyStudent([1, -2]), key = new TinyStudent([0.5, 4]), queue = new FifoQueue(8, 2, 0);
  using objective = await objectiveOf(key, {}, 4);
  const values = [0, 1, 2, 3, 4, 5, 6, 7];
  const view = tf.tidy(() => tf.tile(tf.tensor4d(values, [8, 1, 1, 1]), [1, 1, 1, 3])) as tf.Tensor4D;
  const { loss, enqueue } = tf.tidy(() =>
    lossOf(objective, student, [view, view], queue, { bnSplits: 4 }) as unknown as tf.TensorContainerObject
  );
  assert.deepEqual(student.seen, [[0, 1], [2, 3], [4, 5], [6, 7]]);
  assert.deepEqual(key.seen.flat().sort(), values);
  for (const part of key.seen) {
    assert.equal(new Set(part.map((image) => Math.floor(image / 2))).size, 2, `${part}`);
  }
  // The embeddings come back in the images' order, and the running statistics are the first part's.
  const unit = (x: number) => [0.5 * x, 4 * x + 1].map((y) => y / Math.hypot(0.5 * x, 4 * x + 1));
  [...(enqueue as tf.Tensor).dataSync()].forEach((x, i) =>
    assert.ok(Math.abs(x - values.flatMap(unit)[i]) < 1e-6)
  );
  assert.deepEqual([student.passes.dataSync()[0], key.passes.dataSync()[0]], [1, 1]);
  tf.dispose([view, loss as tf.Tensor, enqueue as tf.Tensor]);
});
