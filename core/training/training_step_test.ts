import assert from "node:assert/strict";
import { eagerEngine } from "../../tests/support/eager_engine.ts";
import { type LossTerm, singleTerm } from "./loss_terms.ts";
import type { Objective } from "../interfaces/objective.ts";
import { Sgd } from "./optimizers/sgd.ts";
import type { Queue } from "../interfaces/queue.ts";
import { Random } from "../random.ts";
import type { Student } from "../interfaces/student.ts";
import { tf } from "../tf.ts";
import { NotFiniteError, type StepOptions, TrainingStep } from "./training_step.ts";
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

/** Rows in the order they came in. */
class ListQueue implements Queue {
  readonly size = 8;
  readonly embeddingDim = 1;
  readonly embeddings = tf.variable(tf.zeros<tf.Rank.R2>([8, 1]), false);
  readonly pointer = tf.variable(tf.scalar(0, "int32"), false);
  rows: number[] = [];

  enqueue(batch: tf.Tensor2D): void {
    this.rows.push(...batch.dataSync());
  }

  [Symbol.dispose](): void {
    tf.dispose([this.embeddings, this.pointer]);
  }
}

/** The squared distance to a target, `[rows]`: of each row, so that the mean over parts is the mean over all. */
function toTeacher(changes: Partial<Objective> = {}): Objective {
  return {
    ...{ views: 1, usesTeacher: true, parameters: [] },
    loss: ({ views: [images], student, teacher: [target] }) => {
      const { embedding } = student.forward(images, { training: true });
      const loss = tf.mean(tf.square(tf.sub(embedding, target))) as tf.Scalar;
      return { loss, enqueue: tf.clone(target) };
    },
    [Symbol.dispose]() {},
    ...changes,
  };
}

function views(rows: number, seed: number): tf.Tensor4D {
  const random = new Random(seed, "views"),
    values = Float32Array.from({ length: rows * 12 }, () => random.normal());
  return tf.tensor4d(values, [rows, 2, 2, 3]);
}

const targets = (values: number[]) => tf.tensor2d(values, [values.length, 1]);

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
  const optimizer = new Sgd(student.parameters, { momentum, weightDecay: 0 });
  const average = emaDecay ? new WeightAverage(new LinearStudent(), emaDecay) : null;
  const step = new TrainingStep({
    ...{ engine, student, optimizer, average },
    terms: terms?.(queue) ?? [singleTerm(toTeacher(), queue)],
  }, { seed: 0, ...options });
  const state = () =>
    [...student.parameters, ...optimizer.state, ...average?.parameters ?? []]
      .map(({ variable }) => [...variable.dataSync()]);
  const dispose = () =>
    [step, optimizer, average, student, queue].forEach((part) => part?.[Symbol.dispose]());
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
    const batch = { views: [views(6, number)], teacher: [targets([1, 2, 3, 4, 5, 6])] };
    const losses = [whole, parts].map(({ step }) => step.run(batch, 0.05, number));
    const [expected, actual] = await Promise.all(losses);
    assert.ok(Math.abs(actual - expected) < 1e-5 * expected, `loss ${actual}, expected ${expected}`);
    tf.dispose([batch.views, batch.teacher]);
  }
  assertClose(parts.state(), whole.state());
  assert.deepEqual(parts.queue.rows, whole.queue.rows);
  assert.deepEqual(parts.student.passes.slice(0, 3), [2, 2, 2]);
});

Deno.test("a gradient that is longer than clip_grad_norm is shortened to it, a shorter one is left", async () => {
  for (const [clipGradNorm, lengthOf] of [[0.01, () => 0.01], [1e6, (full: number) => full]] as const) {
    using clipped = setUp({ options: { clipGradNorm }, momentum: 0 }), full = setUp({ momentum: 0 });
    const moved = async ({ step, state }: typeof full) => {
      const before = state().flat(), batch = { views: [views(4, 1)], teacher: [targets([9, 9, 9, 9])] };
      await step.run(batch, 1, 0);
      tf.dispose([batch.views, batch.teacher]);
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
    const batch = { views: [views(4, number)], teacher: [targets([1, 1, 1, 1])] };
    await run.step.run(batch, 0.1, number);
    tf.dispose([batch.views, batch.teacher]);
    expected = expected.map((values, i) => {
      const weights = run.student.parameters[i].variable.dataSync();
      return values.map((value, j) => 0.75 * value + 0.25 * weights[j]);
    });
  }
  assertClose(run.average!.parameters.map(({ variable }) => [...variable.dataSync()]), expected);
});

Deno.test("a loss or a gradient that is no number stops the step, is named, and changes nothing", async () => {
  /** The root's slope at zero is infinite where the loss itself is a number. */
  const atZero = toTeacher({
    loss: ({ views: [images], student }) => {
      const { embedding } = student.forward(images, { training: true });
      const root = tf.sqrt(tf.abs(tf.sub(embedding, tf.clone(embedding))));
      return { loss: tf.add(tf.mean(embedding), tf.mean(root)) as tf.Scalar, enqueue: null };
    },
  });
  const cases: [Setup, number[], RegExp][] = [
    [{}, [1, NaN], /^the gradient of every weight is not finite, and the loss is "NaN"$/],
    [{ options: { accumulate: 2 } }, [1, NaN], /is not finite, and the loss is "NaN"$/],
    [{ terms: (queue) => [singleTerm(atZero, queue)] }, [1, 1], /^the gradient of .* is not finite$/],
  ];
  for (const [setup, target, says] of cases) {
    using run = setUp({ emaDecay: 0.5, ...setup });
    const good = { views: [views(2, 0)], teacher: [targets([1, 2])] };
    if (!setup.terms) await run.step.run(good, 0.1, 0);
    const before = run.state(), rows = [...run.queue.rows], tensors = tf.memory().numTensors;
    const batch = { views: [views(2, 1)], teacher: [targets(target)] };
    await assert.rejects(run.step.run(batch, 0.1, 1), (error: Error) => {
      assert.ok(error instanceof NotFiniteError, `${error.stack}`);
      assert.match(error.message, says);
      return true;
    });
    assert.deepEqual(run.state(), before);
    assert.deepEqual(run.queue.rows, rows);
    tf.dispose([batch.views, batch.teacher]);
    assert.equal(tf.memory().numTensors, tensors);
    tf.dispose([good.views, good.teacher]);
  }
});

Deno.test("losses are summed with their weights, share the student's pass, and have queues of their own", async () => {
  const other = new ListQueue();
  const negative = toTeacher({
    loss: ({ views: [images], student }) => ({
      loss: tf.neg(tf.mean(student.forward(images, { training: true }).embedding)) as tf.Scalar,
      enqueue: tf.fill([images.shape[0], 1], -1),
    }),
  });
  using run = setUp({
    terms: (queue) => [
      { ...singleTerm(toTeacher(), queue), weight: 0.5 },
      { ...singleTerm(negative, other), weight: 3 },
    ],
  });
  const batch = { views: [views(2, 3)], teacher: [targets([1, 2])] };
  const outputs = tf.tidy(() => run.student.forward(batch.views[0]).embedding.dataSync());
  const expected = 0.5 * ((outputs[0] - 1) ** 2 + (outputs[1] - 2) ** 2) / 2 -
    3 * (outputs[0] + outputs[1]) / 2;
  const loss = await run.step.run(batch, 0.1, 0);
  assert.ok(Math.abs(loss - expected) < 1e-5, `${loss}, expected ${expected}`);
  assert.deepEqual(run.student.passes, [2, 2], "one pass by hand, one in the step");
  assert.deepEqual([run.queue.rows, other.rows], [[1, 2], [-1, -1]]);
  tf.dispose([batch.views, batch.teacher]);
  other[Symbol.dispose]();
});

Deno.test("small patches are one pass of their own, and the first of each image goes into their queue", async () => {
  const objective = toTeacher(), small = new ListQueue();
  using run = setUp({
    terms: (queue) => [
      singleTerm(objective, queue),
      { ...singleTerm(objective, small), stream: 1, weight: 2 },
    ],
  });
  const patches = {
    views: [views(2, 5), views(2, 6), views(2, 7)],
    teacher: [[3, 4], [5, 6], [7, 8]].map(targets),
  };
  const batch = { views: [views(2, 4)], teacher: [targets([1, 2])], patches: [patches] };
  const squares = (images: tf.Tensor4D[], teacher: number[]) =>
    tf.tidy(() => {
      const outputs = images.flatMap((view) => [...run.student.forward(view).embedding.dataSync()]);
      return outputs.reduce((sum, output, i) => sum + (output - teacher[i]) ** 2, 0) / outputs.length;
    });
  const expected = squares(batch.views, [1, 2]) + 2 * squares(patches.views, [3, 4, 5, 6, 7, 8]);
  run.student.passes.splice(0);
  const loss = await run.step.run(batch, 0.01, 0);
  assert.ok(Math.abs(loss - expected) < 1e-4, `${loss}, expected ${expected}`);
  assert.deepEqual(run.student.passes, [2, 6]);
  assert.deepEqual([run.queue.rows, small.rows], [[1, 2], [3, 4]]);
  tf.dispose([batch.views, batch.teacher, patches.views, patches.teacher]);
  small[Symbol.dispose]();
});

Deno.test("steps keep no tensors, in one part or several", async () => {
  for (const accumulate of [1, 2]) {
    using run = setUp({ options: { accumulate, clipGradNorm: 1 }, emaDecay: 0.9 });
    const batch = { views: [views(4, 0)], teacher: [targets([1, 2, 3, 4])] }, counts: number[] = [];
    for (let number = 0; number < 3; number++) {
      await run.step.run(batch, 0.1, number);
      counts.push(tf.memory().numTensors);
    }
    assert.deepEqual(counts.map((count) => count - counts[0]), [0, 0, 0]);
    tf.dispose([batch.views, batch.teacher]);
  }
});
