import assert from "node:assert/strict";
import { eagerEngine } from "../../tests/support/eager_engine.ts";
import { type LossTerm, singleTerm } from "./loss_terms.ts";
import type { Objective, ObjectiveNeeds } from "../interfaces/objective.ts";
import { Sgd } from "./optimizers/sgd.ts";
import type { Queue } from "../interfaces/queue.ts";
import { Random } from "../random.ts";
import type { Parameter, Student } from "../interfaces/student.ts";
import { tf } from "../tf.ts";
import { NotFiniteError } from "./not_finite.ts";
import { disposeBatch, type StepBatch } from "./step_batch.ts";
import { type StepOptions, TrainingStep } from "./training_step.ts";
import { WeightAverage } from "./weight_average.ts";

const engine = await eagerEngine();

/** A linear student of three weights and a bias on a view's mean colour; counts its passes. */
class LinearStudent implements Student {
  readonly network = "linear";
  readonly featureDim = 3;
  readonly embeddingDim = 1;
  readonly mean = [0, 0, 0] as const;
  readonly std = [1, 1, 1] as const;
  readonly weight = tf.variable(tf.tensor2d([0.5, -1, 0.25], [3, 1]));
  readonly bias = tf.variable(tf.tensor1d([0.1]));
  readonly passes: number[] = [];
  readonly parameters = [
    { name: "fc.weight", kind: "linear", variable: this.weight, trainable: true },
    { name: "fc.bias", kind: "vector", variable: this.bias, trainable: true },
  ] as const;

  forward(images: tf.Tensor4D) {
    this.passes.push(images.shape[0]);
    const features = tf.mean(images, [1, 2]) as tf.Tensor2D;
    return { features, embedding: tf.add(tf.matMul(features, this.weight), this.bias) as tf.Tensor2D };
  }

  [Symbol.dispose](): void {
    tf.dispose([this.weight, this.bias]);
  }
}

/** Rows in the order they came in, as far as there are slots. */
class ListQueue implements Queue {
  readonly size = 32;
  readonly embeddingDim = 1;
  readonly embeddings = tf.variable(tf.zeros<tf.Rank.R2>([32, 1]), false);
  readonly pointer = tf.variable(tf.scalar(0, "int32"), false);

  get rows(): number[] {
    const rows = this.embeddings.dataSync().subarray(0, this.pointer.dataSync()[0]);
    return [...rows].map((value) => Math.round(value * 1e5) / 1e5);
  }

  enqueue(batch: tf.Tensor2D): void {
    const rows = this.embeddings.dataSync().slice(), [pointer] = this.pointer.dataSync();
    rows.set(batch.dataSync(), pointer);
    this.embeddings.assign(tf.tensor2d(rows, [32, 1]));
    this.pointer.assign(tf.scalar(pointer + batch.shape[0], "int32"));
  }

  [Symbol.dispose](): void {
    tf.dispose([this.embeddings, this.pointer]);
  }
}

/** A target as a row that stays what it is when it is made a unit row. */
const targets = (values: number[]) => tf.tensor2d(values.map((value) => [value, 1]));
const targetsOf = (rows: tf.Tensor2D) => {
  const [values, ones] = tf.split(rows, 2, 1);
  return tf.div(values, ones) as tf.Tensor2D;
};

/** The squared distance to a target, `[rows]`: of each row, so that the mean over parts is the mean over all. */
const toTeacher: Objective = {
  loss({ studentEmbeddings: [embedding], teacherEmbeddings: [rows] }) {
    const target = targetsOf(rows);
    return { loss: tf.mean(tf.square(tf.sub(embedding, target))) as tf.Scalar, enqueue: target };
  },
};
const NEEDS: ObjectiveNeeds = { teacherViews: [0], queue: true };

/** A batch of one view an image. */
const batchOf = (images: tf.Tensor4D, values: number[]): StepBatch => ({
  views: { views: [images], teacherEmbeddings: [targets(values)], teacherMaps: [] },
});
const at = (step: number, learningRate: number) => ({ step, epoch: 0, share: 0, learningRate });

function views(rows: number, seed: number): tf.Tensor4D {
  const random = new Random(seed, "views"),
    values = Float32Array.from({ length: rows * 12 }, () => random.normal());
  return tf.tensor4d(values, [rows, 2, 2, 3]);
}

interface Setup {
  terms?: (queue: ListQueue) => LossTerm[];
  options?: Partial<StepOptions>;
  lr?: number;
  momentum?: number;
  emaDecay?: number;
}

/** A student with its step, and how to take one. */
function setUp({ terms, options, momentum = 0.9, emaDecay }: Setup = {}) {
  const student = new LinearStudent(), queue = new ListQueue();
  const optimizer = (parameters: readonly Parameter[]) => new Sgd(parameters, { momentum, weightDecay: 0 });
  const average = emaDecay ? new WeightAverage(new LinearStudent(), emaDecay) : null;
  const step = new TrainingStep({
    ...{ engine, student, optimizer, average },
    terms: terms?.(queue) ?? [singleTerm(toTeacher, NEEDS, queue)],
  }, { seed: 0, ...options });
  const state = () =>
    [...student.parameters, ...step.optimizer.state, ...average?.parameters ?? []]
      .map(({ variable }) => [...variable.dataSync()]);
  const dispose = () => [step, average, student, queue].forEach((part) => part?.[Symbol.dispose]());
  return { student, queue, step, average, state, [Symbol.dispose]: dispose };
}

function assertClose(actual: number[][], expected: number[][], tolerance = 1e-5): void {
  actual.flat().forEach((value, i) =>
    assert.ok(Math.abs(value - expected.flat()[i]) < tolerance, `${actual}, expected ${expected}`)
  );
}

Deno.test("a batch in parts gives the step of the whole batch, and its rows in the same order", async () => {
  using whole = setUp(), parts = setUp({ options: { accumulate: 3 } });
  for (let number = 0; number < 3; number++) {
    const batch = batchOf(views(6, number), [1, 2, 3, 4, 5, 6]);
    const losses = [whole, parts].map(({ step }) => step.run(batch, at(number, 0.05)));
    const [expected, actual] = (await Promise.all(losses)).map(({ loss }) => loss);
    assert.ok(Math.abs(actual - expected) < 1e-5 * expected, `loss ${actual}, expected ${expected}`);
    disposeBatch(batch);
  }
  assertClose(parts.state(), whole.state());
  assert.deepEqual(parts.queue.rows, whole.queue.rows);
  assert.deepEqual(parts.student.passes.slice(0, 3), [2, 2, 2]);
});

Deno.test("a gradient that is longer than clip_grad_norm is shortened to it, a shorter one is left", async () => {
  for (const [clipGradNorm, lengthOf] of [[0.01, () => 0.01], [1e6, (full: number) => full]] as const) {
    using clipped = setUp({ options: { clipGradNorm }, momentum: 0 }), full = setUp({ momentum: 0 });
    const moved = async ({ step, state }: typeof full) => {
      const before = state().flat(), batch = batchOf(views(4, 1), [9, 9, 9, 9]);
      await step.run(batch, at(0, 1));
      disposeBatch(batch);
      return Math.hypot(...state().flat().slice(0, 4).map((value, i) => value - before[i]));
    };
    const expected = lengthOf(await moved(full)), length = await moved(clipped);
    assert.ok(Math.abs(length - expected) < 1e-4 * expected, `${length}, expected ${expected}`);
  }
});

Deno.test("the average follows the weights after each step", async () => {
  using run = setUp({ emaDecay: 0.75 });
  let expected = run.student.parameters.map(({ variable }) => [...variable.dataSync()]);
  for (let number = 0; number < 4; number++) {
    const batch = batchOf(views(4, number), [1, 1, 1, 1]);
    await run.step.run(batch, at(number, 0.1));
    disposeBatch(batch);
    expected = expected.map((values, i) => {
      const weights = run.student.parameters[i].variable.dataSync();
      return values.map((value, j) => 0.75 * value + 0.25 * weights[j]);
    });
  }
  assertClose(run.average!.parameters.map(({ variable }) => [...variable.dataSync()]), expected);
});

Deno.test("a loss or a gradient that is no number stops the step, is named, and changes nothing", async () => {
  /** The root's slope at zero is infinite where the loss itself is a number. */
  const atZero: Objective = {
    loss: ({ studentEmbeddings: [embedding] }) => {
      const root = tf.sqrt(tf.abs(tf.sub(embedding, tf.clone(embedding))));
      return { loss: tf.add(tf.mean(embedding), tf.mean(root)) as tf.Scalar, enqueue: null };
    },
  };
  const cases: [Setup, number[], RegExp][] = [
    [
      {},
      [1, NaN],
      /^the gradient of every weight is not finite, and the loss is "NaN": the teacher's embeddings of 1 of 2 images are not finite$/,
    ],
    [
      { options: { accumulate: 2 } },
      [1, NaN],
      /and the loss is "NaN": the teacher's embeddings of 1 of 2 images/,
    ],
    [{ terms: (queue) => [singleTerm(atZero, NEEDS, queue)] }, [1, 1], /^the gradient of .* is not finite$/],
  ];
  for (const [setup, target, says] of cases) {
    using run = setUp({ emaDecay: 0.5, ...setup });
    const good = batchOf(views(2, 0), [1, 2]);
    if (!setup.terms) await run.step.run(good, at(0, 0.1));
    const before = run.state(), rows = [...run.queue.rows], tensors = tf.memory().numTensors;
    const batch = batchOf(views(2, 1), target);
    await assert.rejects(run.step.run(batch, at(1, 0.1)), (error: Error) => {
      assert.ok(error instanceof NotFiniteError, `${error.stack}`);
      assert.match(error.message, says);
      return true;
    });
    assert.deepEqual(run.state(), before);
    assert.deepEqual(run.queue.rows, rows);
    disposeBatch(batch);
    assert.equal(tf.memory().numTensors, tensors);
    disposeBatch(good);
  }
});

Deno.test("losses are summed with their weights, share the student's pass, and have queues of their own", async () => {
  const other = new ListQueue();
  const negative: Objective = {
    loss: ({ studentEmbeddings: [embedding] }) => ({
      loss: tf.neg(tf.mean(embedding)) as tf.Scalar,
      enqueue: tf.fill(embedding.shape, -1),
    }),
  };
  using run = setUp({
    terms: (queue) => [
      { ...singleTerm(toTeacher, NEEDS, queue), weight: 0.5 },
      { ...singleTerm(negative, NEEDS, other), name: "negative", queueName: "queue_2", weight: 3 },
    ],
  });
  const batch = batchOf(views(2, 3), [1, 2]);
  const outputs = tf.tidy(() => run.student.forward(batch.views.views[0]).embedding.dataSync());
  const expected = 0.5 * ((outputs[0] - 1) ** 2 + (outputs[1] - 2) ** 2) / 2 -
    3 * (outputs[0] + outputs[1]) / 2;
  const { loss } = await run.step.run(batch, at(0, 0.1));
  assert.ok(Math.abs(loss - expected) < 1e-5, `${loss}, expected ${expected}`);
  assert.deepEqual(run.student.passes, [2, 2], "one pass by hand, one in the step");
  assert.deepEqual([run.queue.rows, other.rows], [[1, 2], [-1, -1]]);
  disposeBatch(batch);
  other[Symbol.dispose]();
});

Deno.test("small patches are one pass of their own, and the first of each image goes into their queue", async () => {
  const small = new ListQueue();
  using run = setUp({
    terms: (queue) => [
      singleTerm(toTeacher, NEEDS, queue),
      {
        ...singleTerm(toTeacher, NEEDS, small),
        name: "small",
        queueName: "small_queue",
        stream: "patches",
        weight: 2,
      },
    ],
  });
  const patches = {
    views: [views(2, 5), views(2, 6), views(2, 7)],
    teacherEmbeddings: [[3, 4], [5, 6], [7, 8]].map(targets),
    teacherMaps: [],
  };
  const batch: StepBatch = { ...batchOf(views(2, 4), [1, 2]), patches };
  const squares = (images: tf.Tensor4D[], teacher: number[]) =>
    tf.tidy(() => {
      const outputs = images.flatMap((view) => [...run.student.forward(view).embedding.dataSync()]);
      return outputs.reduce((sum, output, i) => sum + (output - teacher[i]) ** 2, 0) / outputs.length;
    });
  const expected = squares(batch.views.views, [1, 2]) + 2 * squares(patches.views, [3, 4, 5, 6, 7, 8]);
  run.student.passes.splice(0);
  const { loss } = await run.step.run(batch, at(0, 0.01));
  assert.ok(Math.abs(loss - expected) < 1e-4, `${loss}, expected ${expected}`);
  assert.deepEqual(run.student.passes, [2, 6]);
  assert.deepEqual([run.queue.rows, small.rows], [[1, 2], [3, 4]]);
  disposeBatch(batch);
  small[Symbol.dispose]();
});

Deno.test("steps keep no tensors, in one part or several", async () => {
  for (const accumulate of [1, 2]) {
    using run = setUp({ options: { accumulate, clipGradNorm: 1 }, emaDecay: 0.9 });
    const batch = batchOf(views(4, 0), [1, 2, 3, 4]), counts: number[] = [];
    for (let number = 0; number < 3; number++) {
      await run.step.run(batch, at(number, 0.1));
      counts.push(tf.memory().numTensors);
    }
    assert.deepEqual(counts.map((count) => count - counts[0]), [0, 0, 0]);
    disposeBatch(batch);
  }
});

/** A symmetrised loss: both views go through the student, and both make rows. */
const both: Objective = {
  loss({ studentEmbeddings: [first, second], teacherEmbeddings }) {
    const rows = tf.concat(teacherEmbeddings.map(targetsOf));
    return { loss: tf.mean(tf.square(tf.sub(tf.concat([first, second]), rows))) as tf.Scalar, enqueue: rows };
  },
};
const TWO: ObjectiveNeeds = { views: 2, teacherViews: [0, 1], queue: true };
const twoViews = (): StepBatch => ({
  views: {
    views: [views(2, 1), views(2, 2)],
    teacherEmbeddings: [targets([1, 2]), targets([3, 4])],
    teacherMaps: [],
  },
});

Deno.test("rows of both views go into the queue, all of them, in one part or two", async () => {
  for (const [accumulate, rows] of [[1, [1, 2, 3, 4]], [2, [1, 3, 2, 4]]] as const) {
    using run = setUp({
      terms: (queue) => [singleTerm(both, { ...TWO, rowsPerImage: 2 }, queue)],
      options: { accumulate },
    });
    const batch = twoViews();
    await run.step.run(batch, at(0, 0.1));
    assert.deepEqual(run.queue.rows, rows);
    disposeBatch(batch);
  }
});

Deno.test("other rows than an objective says, or rows without a queue, stop the step before it changes anything", async () => {
  const cases: [needs: ObjectiveNeeds, RegExp][] = [
    [TWO, /the loss "loss" returns 4 rows to enqueue for 2 images, expected 2; set `rowsPerImage`/],
    [{ ...TWO, queue: false }, /returns rows to enqueue, but its needs\(\) say `queue: false`/],
  ];
  for (const [needs, says] of cases) {
    using run = setUp({ terms: (queue) => [singleTerm(both, needs, needs.queue ? queue : null)] });
    const batch = twoViews(), before = run.state();
    await assert.rejects(run.step.run(batch, at(0, 0.1)), says);
    assert.deepEqual(run.state(), before);
    assert.deepEqual(run.queue.rows, []);
    disposeBatch(batch);
  }
});

Deno.test("of two objectives of which the first enqueues nothing, each queue gets its own objective's rows", async () => {
  const other = new ListQueue();
  const silent: Objective = {
    loss: ({ studentEmbeddings: [embedding] }) => ({
      loss: tf.mean(tf.square(embedding)) as tf.Scalar,
      enqueue: null,
    }),
  };
  using run = setUp({
    terms: (queue) => [
      { ...singleTerm(silent, NEEDS, queue), name: "silent" },
      { ...singleTerm(toTeacher, NEEDS, other), queueName: "queue_2" },
    ],
  });
  const batch = batchOf(views(2, 3), [1, 2]);
  await run.step.run(batch, at(0, 0.1));
  assert.deepEqual([run.queue.rows, other.rows], [[], [1, 2]]);
  disposeBatch(batch);
  other[Symbol.dispose]();
});

Deno.test("an objective trains weights of its own, by a schedule, and tells metrics", async () => {
  for (const accumulate of [1, 2]) {
    const scale = tf.variable(tf.scalar(1));
    const scaled: Objective = {
      parameters: [{ name: "predictor.scale", kind: "vector", variable: scale, trainable: true }],
      loss({ studentEmbeddings: [embedding], teacherEmbeddings: [rows], progress: { step, epoch, share } }) {
        const distance = tf.mean(tf.square(tf.sub(tf.mul(embedding, scale), targetsOf(rows))));
        return {
          loss: tf.mul(distance, share) as tf.Scalar,
          metrics: { distance: distance as tf.Scalar, step, epoch },
        };
      },
      [Symbol.dispose]: () => scale.dispose(),
    };
    using run = setUp({
      terms: () => [singleTerm(scaled, { teacherViews: [0] }, null)],
      options: { accumulate },
      momentum: 0,
    });
    const batch = batchOf(views(4, 3), [1, 2, 3, 4]), before = run.state().flat();
    const { loss, losses, gradientNorm, metrics } = await run.step.run(batch, {
      ...{ step: 7, epoch: 1.5, share: 0.25, learningRate: 0.1 },
    });
    assert.ok(Math.abs(loss - 0.25 * metrics.distance) < 1e-5, `${loss}, distance ${metrics.distance}`);
    assert.deepEqual([losses, metrics.step, metrics.epoch], [{ loss }, 7, 1.5]);
    const after = [...run.state().flat().slice(0, 4), scale.dataSync()[0]];
    const moved = after.map((value, i) => (value - [...before.slice(0, 4), 1][i]) / 0.1);
    assert.ok(Math.abs(moved[4]) > 1e-3, "the objective's own weight moved");
    const length = Math.hypot(...moved);
    assert.ok(Math.abs(gradientNorm - length) < 1e-4 * length, `${gradientNorm}, expected ${length}`);
    disposeBatch(batch);
    scale.dispose();
  }
});

Deno.test("a weight that the loss does not depend on is named", async () => {
  const unused = tf.variable(tf.scalar(1));
  const idle: Objective = {
    ...toTeacher,
    parameters: [{ name: "predictor.unused", kind: "vector", variable: unused, trainable: true }],
  };
  using run = setUp({ terms: (queue) => [singleTerm(idle, NEEDS, queue)] });
  const batch = batchOf(views(2, 3), [1, 2]);
  await assert.rejects(run.step.run(batch, at(0, 0.1)), /The loss does not depend on "predictor.unused"/);
  disposeBatch(batch);
  unused.dispose();
});
