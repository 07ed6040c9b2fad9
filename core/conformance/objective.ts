import assert from "node:assert/strict";
import type { Engine } from "../interfaces/engine.ts";
import { singleTerm, teacherViewsOf } from "../training/loss_terms.ts";
import type { Objective } from "../interfaces/objective.ts";
import { Sgd } from "../training/optimizers/sgd.ts";
import type { Queue } from "../interfaces/queue.ts";
import type { Parameter, Student } from "../interfaces/student.ts";
import { tf } from "../tf.ts";
import { TrainingStep } from "../training/training_step.ts";
import { assertFlat, copyValue } from "./memory.ts";
import { assertUnitRows, sameValues } from "./numbers.ts";
import { pictures } from "./pictures.ts";
import type { Steps } from "./steps.ts";

/** An objective to check, with the parts that it works with. */
export interface ObjectiveSubject {
  engine: Engine;
  /** A small student; the same seed gives the same one. */
  makeStudent(seed: number): Promise<Student> | Student;
  makeQueue(options: { size: number; embeddingDim: number; batchSize: number }): Promise<Queue> | Queue;
  /** `createStudent` makes another student like the one that is trained. */
  make(createStudent: () => Promise<Student>, embeddingDim: number): Promise<Objective> | Objective;
  /** Side of the views in pixels; default 32. */
  size?: number;
}

const BATCH = 4, QUEUE = 8;

/** Everything of a run that a checkpoint holds, and what goes with it. */
async function makeRun(subject: ObjectiveSubject, seed: number) {
  const student = await subject.makeStudent(seed), { embeddingDim } = student;
  const queue = await subject.makeQueue({ size: QUEUE, embeddingDim, batchSize: BATCH });
  const objective = await subject.make(async () => await subject.makeStudent(seed), embeddingDim);
  const optimizer = new Sgd(student.parameters, { momentum: 0.9, weightDecay: 0 });
  const terms = [singleTerm(objective, queue)];
  const step = new TrainingStep({ engine: subject.engine, student, terms, optimizer }, { seed });
  const parts = [step, optimizer, objective, queue, student];
  const parameters = [...student.parameters, ...objective.parameters, ...optimizer.state];
  const variables: tf.Variable[] = [
    ...parameters.map(({ variable }) => variable),
    queue.embeddings as tf.Variable,
    queue.pointer as tf.Variable,
  ];
  return {
    student,
    queue,
    objective,
    variables,
    /** Trains one step on pictures that its number picks. */
    async train(number: number): Promise<number> {
      const { views, teacher } = inputs(objective, embeddingDim, number, subject.size ?? 32);
      const loss = await step.run({ views, teacher }, 0.05, number);
      tf.dispose([views, teacher]);
      return loss;
    },
    [Symbol.dispose]: () => parts.forEach((part) => part[Symbol.dispose]()),
  };
}

function inputs(objective: Objective, dim: number, number: number, size: number) {
  const { views } = objective;
  const images = Array.from(
    { length: views },
    (_, view) => pictures(Array.from({ length: BATCH }, (_, i) => 100 * number + 10 * view + i), size),
  );
  const teacher = teacherViewsOf(objective).map((view) => unitRows(dim, 10 * number + view));
  return { views: images, teacher };
}

/** Unit rows, `[BATCH, dim]`, as a teacher's. */
function unitRows(dim: number, seed: number): tf.Tensor2D {
  return tf.tidy(() => {
    const rows = tf.tensor2d(Float32Array.from({ length: BATCH * dim }, (_, i) => Math.sin(i * i + seed)), [
      BATCH,
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
  const run = await makeRun(subject, 0), { objective, student, queue, variables } = run;
  const values = (list: readonly Parameter[]) => list.map(({ variable }) => variable.dataSync());

  await t.step("says its views and its state", () => {
    assert.ok(Number.isInteger(objective.views) && objective.views > 0);
    const names = [...student.parameters, ...objective.parameters].map(({ name }) => name);
    assert.equal(new Set(names).size, names.length, "names of its state are not the student's");
    assert.ok(objective.parameters.every(({ trainable }) => !trainable), "only the student is trained");
  });
  await t.step("has a finite loss, and changes everything that trains", async () => {
    const before = values(student.parameters), loss = await run.train(0), after = values(student.parameters);
    assert.ok(Number.isFinite(loss), `the loss is ${loss}`);
    student.parameters.forEach(({ name }, i) =>
      assert.notDeepEqual(after[i], before[i], `${name} did not move`)
    );
  });
  await t.step("puts one unit row an image into the queue, if it uses one", () => {
    if (objective.usesQueue === false) return assert.equal(queue.pointer.dataSync()[0], 0);
    assert.equal(queue.pointer.dataSync()[0], BATCH);
    assertUnitRows(queue.embeddings.dataSync(), queue.embeddingDim, "queue");
  });
  await t.step("has a loss that a small step down its gradient lowers", () => {
    // On one batch, with one queue: the loss as a function of the student alone.
    const { views, teacher } = inputs(objective, student.embeddingDim, 1, subject.size ?? 32);
    const trained = student.parameters.filter(({ trainable }) => trainable).map(({ variable }) => variable);
    const loss = () => objective.loss({ views, student, teacher, queue }).loss;
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(loss, trained), before = value.dataSync()[0];
      let square = 0;
      for (const { name } of trained) square += tf.sum(tf.square(grads[name])).dataSync()[0];
      const rate = 1e-3 * before / square; // lowers the loss by about a thousandth
      for (const variable of trained) variable.assign(tf.sub(variable, tf.mul(grads[variable.name], rate)));
      const fallen = (before - loss().dataSync()[0]) / before;
      assert.ok(fallen > 2e-4 && fallen < 2e-3, `the loss fell by ${fallen} of itself, expected about 0.001`);
    });
    tf.dispose([views, teacher]);
  });
  await t.step("goes on the same from a state that is put into another run", async () => {
    using other = await makeRun(subject, 1);
    other.variables.forEach((variable, i) => copyValue(variable, variables[i]));
    for (const number of [2, 3]) assert.equal(await other.train(number), await run.train(number));
    const stateOf = (list: tf.Variable[]) => list.map((variable) => variable.dataSync());
    assert.ok(
      sameValues(stateOf(other.variables), stateOf(variables)),
      "the two states are no longer the same",
    );
  });
  await t.step("keeps no tensors", async () => await assertFlat(async () => void await run.train(4)));
  await t.step("frees everything when it is disposed of", () => {
    run[Symbol.dispose]();
    assert.equal(tf.memory().numTensors, tensorsBefore);
  });
}
