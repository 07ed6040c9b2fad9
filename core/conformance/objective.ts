import assert from "node:assert/strict";
import type { Engine } from "../interfaces/engine.ts";
import type { Objective, ObjectiveNeeds } from "../interfaces/objective.ts";
import type { NetworkContext, PluginKinds } from "../interfaces/plugin.ts";
import type { Queue } from "../interfaces/queue.ts";
import type { Parameter, Student } from "../interfaces/student.ts";
import { fillNeeds, type Needs } from "../recipe/objective_needs.ts";
import { tf } from "../tf.ts";
import { inputsOf, seenBy, singleTerm } from "../training/loss_terms.ts";
import { Sgd } from "../training/optimizers/sgd.ts";
import { disposeBatch, type StreamBatch } from "../training/step_batch.ts";
import { outputsOf } from "../training/stream_outputs.ts";
import { TrainingStep } from "../training/training_step.ts";
import { VIEWS } from "../views/streams.ts";
import { copyValue } from "../engine/own_data.ts";
import { assertFlat } from "./memory.ts";
import { assertUnitRows, sameValues } from "./numbers.ts";
import { pictures } from "./pictures.ts";
import { smallStudent } from "./small_student.ts";
import type { Steps } from "./steps.ts";

/** What an objective is created from, besides what every plugin is given. */
type Given = Omit<PluginKinds["objective"]["context"], keyof NetworkContext>;

/** An objective to check, with the parts that it works with. */
export interface ObjectiveSubject {
  engine: Engine;
  /** What the plugin's `needs` tells for the objective's options. */
  needs: ObjectiveNeeds;
  /**
   * A small student; the same seed gives the same one. Its head is frozen where `needs` tell `embeddings: false`, as in
   * a recipe of that objective alone. Default: {@link smallStudent}.
   */
  makeStudent?(seed: number): Promise<Student> | Student;
  makeQueue(options: { size: number; embeddingDim: number; batchSize: number }): Promise<Queue> | Queue;
  /** Makes the objective; `given.createStudent` makes another student like the one that is trained. */
  make(given: Given): Promise<Objective> | Objective;
  /** Side of the views in pixels; default 32. */
  size?: number;
}

const BATCH = 4, QUEUE_STEPS = 2;
/** Of the teacher's maps: unlike those of a student that halves the views' sides. */
const MAP_DIM = 10, MAP_ROWS = 5, MAP_COLUMNS = 4;

/** Everything of a run that a checkpoint holds, and what goes with it; `seed` is of its initial values. */
async function makeRun(subject: ObjectiveSubject, seed: number) {
  const needs = fillNeeds(subject.needs), rows = BATCH * needs.rowsPerImage;
  const makeStudent = (seed: number) =>
    subject.makeStudent?.(seed) ?? smallStudent({ seed, frozenHead: !needs.embeddings });
  const takesMaps = needs.maps && needs.teacherViews.length > 0;
  const student = await makeStudent(seed), { embeddingDim, featureDim } = student;
  const queue = await subject.makeQueue({ size: QUEUE_STEPS * rows, embeddingDim, batchSize: rows });
  const objective = await subject.make({
    ...{ createStudent: async () => await makeStudent(seed), embeddingDim, featureDim, bnSplits: 1 },
    teacherDim: needs.teacherViews.length ? embeddingDim : null,
    ...{ studentMapDim: student.mapDim ?? null, teacherMapDim: takesMaps ? MAP_DIM : null },
  });
  if (needs.fit) await fitted(objective, embeddingDim);
  const term = singleTerm(objective, needs, needs.queue ? queue : null);
  const step = new TrainingStep({
    ...{ engine: subject.engine, student, terms: [term] },
    optimizer: (parameters) => new Sgd(parameters, { momentum: 0.9, weightDecay: 0 }),
  }, { seed: 0 }); // of what is dropped: a run that goes on from a state has its seed
  const trained = [...student.parameters, ...term.parameters];
  const variables: tf.Variable[] = [
    ...[...trained, ...step.optimizer.state].map(({ variable }) => variable),
    queue.embeddings as tf.Variable,
    queue.pointer as tf.Variable,
  ];
  return {
    ...{ student, queue, objective, needs, term, variables },
    /** Everything that training changes, of the student's and of the objective's own. */
    parameters: trained,
    /** Trains one step on pictures that its number picks. */
    async train(number: number) {
      const batch = inputs(needs, embeddingDim, number, subject.size ?? 32);
      const position = { step: number, epoch: number / 10, share: number / 100, learningRate: 0.05 };
      const result = await step.run({ [VIEWS]: batch }, position);
      disposeBatch({ batch });
      return result;
    },
    [Symbol.dispose]: () => [step, objective, queue, student].forEach((part) => part[Symbol.dispose]?.()),
  };
}

/** Fits an objective, as a run does before its first step. */
async function fitted(objective: Objective, dim: number): Promise<void> {
  assert.ok(objective.fit, "its needs() tell `fit`, but it has no such function");
  const teacherEmbeddings = unitRows(dim, 3, 4 * BATCH);
  await objective.fit({ teacherEmbeddings, log() {}, signal: new AbortController().signal });
  assert.ok(!teacherEmbeddings.isDisposed, "what it is fitted to is the core's to dispose of");
  teacherEmbeddings.dispose();
}

function inputs(
  { views, teacherViews, maps }: Pick<Needs, "views" | "teacherViews" | "maps">,
  dim: number,
  number: number,
  size: number,
  batch = BATCH,
): StreamBatch {
  const seeds = (view: number) => Array.from({ length: batch }, (_, i) => 100 * number + 10 * view + i);
  return {
    views: Array.from({ length: views }, (_, view) => pictures(seeds(view), size)),
    teacherEmbeddings: teacherViews.map((view) => unitRows(dim, 10 * number + view, batch)),
    teacherMaps: maps ? teacherViews.map((view) => teacherMap(10 * number + view, batch)) : [],
  };
}

/** `[batch, rows, columns, channels]`, as a teacher's. */
function teacherMap(seed: number, batch: number): tf.Tensor4D {
  const shape: [number, number, number, number] = [batch, MAP_ROWS, MAP_COLUMNS, MAP_DIM];
  const values = Float32Array.from(
    { length: tf.util.sizeFromShape(shape) },
    (_, i) => Math.sin(i * i + seed),
  );
  return tf.tensor4d(values, shape);
}

/** Unit rows, `[batch, dim]`, as a teacher's. */
function unitRows(dim: number, seed: number, batch: number): tf.Tensor2D {
  return tf.tidy(() => {
    const rows = tf.tensor2d(Float32Array.from({ length: batch * dim }, (_, i) => Math.sin(i * i + seed)), [
      batch,
      dim,
    ]);
    return tf.div(rows, tf.norm(rows, 2, 1, true)) as tf.Tensor2D;
  });
}

/**
 * Checks what {@link Objective} promises: a loss whose gradient reaches everything that trains, unit rows for the
 * queue, all state of its own in `parameters`.
 */
export async function checkObjective(t: Steps, subject: ObjectiveSubject): Promise<void> {
  const tensorsBefore = tf.memory().numTensors;
  const run = await makeRun(subject, 0), { needs, parameters, student, queue, variables } = run;
  const values = (list: readonly Parameter[]) => list.map(({ variable }) => variable.dataSync());

  await t.step("says its views and its state", () => {
    assert.ok(Number.isInteger(needs.views) && needs.views > 0);
    for (const view of [...needs.studentViews, ...needs.teacherViews, ...needs.neighbours?.views ?? []]) {
      assert.ok(Number.isInteger(view) && view >= 0 && view < needs.views, `view ${view} of ${needs.views}`);
    }
    const names = parameters.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length, "names of its state are not the student's");
  });
  await t.step("has a finite loss, and changes everything that trains", async () => {
    const before = values(parameters), { loss, metrics } = await run.train(0), after = values(parameters);
    assert.ok(Number.isFinite(loss), `the loss is ${loss}`);
    const { loss_floor: floor = -Infinity } = metrics, rounding = 1e-5 * Math.max(1, Math.abs(loss));
    assert.ok(floor <= loss + rounding, `the loss is ${loss}, and at least ${floor} as the objective says`);
    for (const [name, value] of Object.entries(metrics)) {
      assert.ok(Number.isFinite(value), `the metric ${name} is ${value}`);
    }
    parameters.forEach(({ name, trainable, frozen }, i) => {
      if (!frozen && (i < student.parameters.length || trainable)) {
        assert.notDeepEqual(after[i], before[i], `${name} did not move`);
      }
    });
  });
  await t.step("puts as many unit rows an image into the queue as it says, if it needs one", () => {
    if (!needs.queue) return assert.equal(queue.pointer.dataSync()[0], 0);
    assert.equal(queue.pointer.dataSync()[0], BATCH * needs.rowsPerImage);
    assertUnitRows(queue.embeddings.dataSync(), queue.embeddingDim, "queue");
  });
  await t.step("has a loss that a small step down its gradient lowers", () => {
    // On one batch, with one queue: the loss as a function of the weights alone.
    const batch = inputs(needs, student.embeddingDim, 1, subject.size ?? 32);
    const trained = parameters.filter(({ trainable, frozen }) => trainable && !frozen).map(({ variable }) =>
      variable
    );
    tf.tidy(() => {
      const loss = () => lossOf(run, batch);
      const { value, grads } = tf.variableGrads(loss, trained), before = value.dataSync()[0];
      let square = 0;
      for (const { name } of trained) square += tf.sum(tf.square(grads[name])).dataSync()[0];
      const rate = 1e-3 * before / square; // lowers the loss by about a thousandth
      for (const variable of trained) variable.assign(tf.sub(variable, tf.mul(grads[variable.name], rate)));
      const fallen = (before - loss().dataSync()[0]) / before;
      assert.ok(fallen > 2e-4 && fallen < 2e-3, `the loss fell by ${fallen} of itself, expected about 0.001`);
    });
    disposeBatch({ batch });
  });
  await t.step("takes batches of other sizes", () => {
    // Parts of an accumulated batch are smaller, and small patches are one batch of as many times the images.
    for (const size of [2, 2 * BATCH]) {
      const batch = inputs(needs, student.embeddingDim, 5, subject.size ?? 32, size);
      const loss = tf.tidy(() => lossOf(run, batch).dataSync()[0]);
      assert.ok(Number.isFinite(loss), `the loss of ${size} images is ${loss}`);
      disposeBatch({ batch });
    }
  });
  await t.step("goes on the same from a state that is put into another run", async () => {
    using other = await makeRun(subject, 1);
    other.variables.forEach((variable, i) => copyValue(variable, variables[i]));
    for (const number of [2, 3]) {
      assert.equal((await other.train(number)).loss, (await run.train(number)).loss);
    }
    const stateOf = (list: tf.Variable[]) => list.map((variable) => variable.dataSync());
    assert.ok(
      sameValues(stateOf(other.variables), stateOf(variables)),
      "the two states are no longer the same",
    );
  });
  await t.step("is fitted to the teacher, the same every time, if it is to be", async () => {
    if (!needs.fit) return;
    const state = () => run.term.parameters.map(({ variable }) => variable.dataSync());
    await assertFlat(async () => await fitted(run.objective, student.embeddingDim));
    const first = state();
    await fitted(run.objective, student.embeddingDim);
    assert.ok(sameValues(state(), first), "the second time was another");
  });
  await t.step("keeps no tensors", async () => await assertFlat(async () => void await run.train(4)));
  await t.step("frees everything when it is disposed of", () => {
    run[Symbol.dispose]();
    assert.equal(tf.memory().numTensors, tensorsBefore);
  });
}

/** The loss of a batch, as a step computes it half way through training. */
function lossOf(
  { student, objective, term }: Pick<Awaited<ReturnType<typeof makeRun>>, "student" | "objective" | "term">,
  batch: StreamBatch,
): tf.Scalar {
  const seen = seenBy([term]), outputs = outputsOf(student, VIEWS, batch, { seen, bnSplits: 1 });
  const progress = { step: tf.scalar(50), epoch: tf.scalar(5), share: tf.scalar(0.5) };
  return objective.loss(inputsOf(term, outputs, seen, progress)).loss;
}
