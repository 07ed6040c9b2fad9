import assert from "node:assert/strict";
import { eagerEngine } from "../../tests/support/eager_engine.ts";
import { singleTerm } from "./loss_terms.ts";
import { noisyStudent, stepNoise } from "./noise.ts";
import type { Objective } from "../interfaces/objective.ts";
import { Sgd } from "./optimizers/sgd.ts";
import type { Queue } from "../interfaces/queue.ts";
import type { Student } from "../interfaces/student.ts";
import { tf } from "../tf.ts";
import { TrainingStep } from "./training_step.ts";

Deno.test("stepNoise is uniform, and goes by seed and step alone", async () => {
  const values = async (seed: number, step: number) =>
    await stepNoise([50, 40], { seed, step }).data<"float32">();
  const noise = await values(3, 7);
  assert.ok(noise.every((value) => value >= 0 && value <= 1));
  const mean = noise.reduce((a, b) => a + b) / noise.length;
  assert.ok(Math.abs(mean - 0.5) < 4 / Math.sqrt(12 * noise.length), `mean ${mean}`);
  assert.deepEqual(await values(3, 7), noise);
  assert.notDeepEqual(await values(3, 8), noise);
  assert.notDeepEqual(await values(4, 7), noise);
});

/** A student of one number, which it scales by an image's random number. */
function scaling(variable: tf.Variable): Student {
  return {
    ...{ network: "scaling", featureDim: 1, embeddingDim: 1, noisePerImage: 1 },
    ...{ mean: [0, 0, 0], std: [1, 1, 1] },
    parameters: [{ name: "scale", kind: "vector", variable, trainable: true }],
    forward: (images, { noise }) => {
      const features = tf.mul(noise ?? tf.ones([images.shape[0], 1]), variable) as tf.Tensor2D;
      return { features, embedding: features };
    },
    [Symbol.dispose]: () => variable.dispose(),
  };
}

const view = (batch: number) => tf.zeros([batch, 1, 1, 3]) as tf.Tensor4D;

Deno.test("noisyStudent gives each pass in training the rows that come next, and evaluation none", async () => {
  const noise = tf.tensor2d([0.1, 0.2, 0.3, 0.4, 0.5], [5, 1]);
  using student = noisyStudent(scaling(tf.variable(tf.tensor1d([10]))), noise);
  const forward = (batch: number, training: boolean) =>
    student.forward(view(batch), { training }).features.data<"float32">();
  assert.deepEqual([...await forward(2, true)], [1, 2]);
  assert.deepEqual([...await forward(1, false)], [10]);
  assert.deepEqual([...await forward(3, true)], [3, 4, 5]);
  assert.throws(() => void forward(1, true), /random numbers for the 5 of its views/);
});

Deno.test("objectives with networks of their own take other random numbers than the student, and change none of its", async () => {
  const engine = await eagerEngine(), queue = { enqueue() {} } as unknown as Queue;
  const taken = async (usesNoise: boolean) => {
    const values: Record<"student" | "own", number[] | null> = { student: null, own: null };
    const objective: Objective = {
      ...{ views: 2, usesTeacher: false, usesNoise, parameters: [] },
      loss({ views, student, noise }) {
        const outputs = views.map((images) => student.forward(images, { training: true }).embedding);
        values.student = outputs.flatMap((output) => [...output.dataSync()]);
        values.own = noise ? [...noise.dataSync()] : null;
        return { loss: tf.sum(tf.concat(outputs)) as tf.Scalar, enqueue: outputs[0] };
      },
      [Symbol.dispose]() {},
    };
    using student = scaling(tf.variable(tf.tensor1d([1])));
    using optimizer = new Sgd(student.parameters, { momentum: 0, weightDecay: 0 });
    const terms = [singleTerm(objective, queue)];
    using step = new TrainingStep({ engine, student, terms, optimizer }, { seed: 5 });
    await step.run({ views: [view(3), view(3)], teacher: [] }, 0.1, 0);
    return values;
  };
  const { student, own } = await taken(true);
  assert.equal(own!.length, 6);
  assert.equal(new Set([...student!, ...own!]).size, 12);
  assert.deepEqual(await taken(false), { student, own: null });
});

/** The sum of the student's outputs over two views. */
const sum: Objective = {
  ...{ views: 2, usesTeacher: false, parameters: [] },
  loss({ views, student }) {
    const outputs = views.map((images) => student.forward(images, { training: true }).embedding);
    return { loss: tf.sum(tf.concat(outputs)) as tf.Scalar, enqueue: outputs[0] };
  },
  [Symbol.dispose]() {},
};

Deno.test("steps that resume take the random numbers that they would have taken", async () => {
  const engine = await eagerEngine(), queue = { enqueue() {} } as unknown as Queue;
  const start = (value: number) => {
    const student = scaling(tf.variable(tf.tensor1d([value])));
    const optimizer = new Sgd(student.parameters, { momentum: 0, weightDecay: 0 });
    const terms = [singleTerm(sum, queue)];
    const step = new TrainingStep({ engine, student, terms, optimizer }, { seed: 5 });
    const { variable } = student.parameters[0];
    const run = async (number: number) => {
      const loss = await step.run({ views: [view(3), view(3)], teacher: [] }, 0.1, number);
      return [loss, (await variable.data())[0]];
    };
    return {
      run,
      [Symbol.dispose]: () => [step, optimizer, student].forEach((part) => part[Symbol.dispose]()),
    };
  };
  using through = start(1);
  const first = await through.run(0), second = await through.run(1);
  using resumed = start(first[1]);
  assert.deepEqual(await resumed.run(1), second);
  using other = start(first[1]);
  assert.notDeepEqual(await other.run(2), second);
});
