import assert from "node:assert/strict";
import { eagerEngine } from "../../tests/support/eager_engine.ts";
import { singleTerm } from "./loss_terms.ts";
import { NoiseDealer, stepNoise } from "./noise.ts";
import type { Objective } from "../interfaces/objective.ts";
import { Sgd } from "./optimizers/sgd.ts";
import type { Parameter, Student } from "../interfaces/student.ts";
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
const batch = () => ({ views: { views: [view(3), view(3)], teacherEmbeddings: [], teacherMaps: [] } });
const position = (step: number) => ({ step, epoch: 0, share: 0, learningRate: 0.1 });
const optimizer = (parameters: readonly Parameter[]) => new Sgd(parameters, { momentum: 0, weightDecay: 0 });

Deno.test("a dealer gives each pass the rows that come next", async () => {
  const noise = tf.tensor2d([0.1, 0.2, 0.3, 0.4, 0.5], [5, 1]), dealer = new NoiseDealer(noise);
  const next = async (rows: number) =>
    [...await dealer.next(rows).data<"float32">()].map((x) => +x.toFixed(6));
  assert.deepEqual(await next(2), [0.1, 0.2]);
  assert.deepEqual(await next(3), [0.3, 0.4, 0.5]);
  assert.throws(() => dealer.next(1));
});

Deno.test("objectives with networks of their own take other random numbers than the student, and change none of its", async () => {
  const engine = await eagerEngine();
  const taken = async (usesNoise: boolean) => {
    const values: Record<"student" | "own", number[] | null> = { student: null, own: null };
    const objective: Objective = {
      loss({ studentEmbeddings, noise }) {
        values.student = studentEmbeddings.flatMap((output) => [...output.dataSync()]);
        values.own = noise ? noise.flatMap((rows) => [...rows.dataSync()]) : null;
        return { loss: tf.sum(tf.concat([...studentEmbeddings])) as tf.Scalar };
      },
    };
    using student = scaling(tf.variable(tf.tensor1d([1])));
    const terms = [singleTerm(objective, { views: 2, noise: usesNoise }, null)];
    using step = new TrainingStep({ engine, student, terms, optimizer }, { seed: 5 });
    await step.run(batch(), position(0));
    return values;
  };
  const { student, own } = await taken(true);
  assert.equal(own!.length, 6);
  assert.equal(new Set([...student!, ...own!]).size, 12);
  assert.deepEqual(await taken(false), { student, own: null });
});

/** The sum of the student's outputs over two views. */
const sum: Objective = {
  loss: ({ studentEmbeddings }) => ({ loss: tf.sum(tf.concat([...studentEmbeddings])) as tf.Scalar }),
};

Deno.test("steps that resume take the random numbers that they would have taken", async () => {
  const engine = await eagerEngine();
  const start = (value: number) => {
    const student = scaling(tf.variable(tf.tensor1d([value])));
    const terms = [singleTerm(sum, { views: 2 }, null)];
    const step = new TrainingStep({ engine, student, terms, optimizer }, { seed: 5 });
    const { variable } = student.parameters[0];
    const run = async (number: number) => {
      const { loss } = await step.run(batch(), position(number));
      return [loss, (await variable.data())[0]];
    };
    return {
      run,
      [Symbol.dispose]: () => [step, student].forEach((part) => part[Symbol.dispose]()),
    };
  };
  using through = start(1);
  const first = await through.run(0), second = await through.run(1);
  using resumed = start(first[1]);
  assert.deepEqual(await resumed.run(1), second);
  using other = start(first[1]);
  assert.notDeepEqual(await other.run(2), second);
});
