import assert from "node:assert/strict";
import { type Parameter, Random, Sgd, type Student, tf, unitRows, type WeightsFile } from "@seed/core";
import { singleTerm, TrainingStep } from "@seed/core/host";
import { FrozenParameters, FrozenTeacher } from "@seed/nn";
import { FifoQueue } from "@seed/queue-fifo";
import { testContext, testEngine, trainsInBf16 } from "../../../tests/support/engine.ts";
import { objectiveContext } from "../../../tests/support/objective_inputs.ts";
import plugin from "./mod.ts";

const BATCH = 4, SIDE = 8, PIXELS = SIDE * SIDE * 3, DIM = 16, QUEUE = 32;

function normal(name: string, length: number, deviation: number): Float32Array {
  const random = new Random(0, name);
  return Float32Array.from({ length }, () => random.normal(0, deviation));
}

/** A linear map of the pixels. */
class LinearStudent implements Student {
  readonly network = "linear";
  readonly featureDim = DIM;
  readonly embeddingDim = DIM;
  readonly mean = [0, 0, 0] as const;
  readonly std = [1, 1, 1] as const;
  readonly weight = tf.variable(tf.tensor2d(normal("student", PIXELS * DIM, 0.01), [PIXELS, DIM]));
  readonly parameters: Parameter[] = [
    { name: "weight", kind: "linear", variable: this.weight, trainable: true },
  ];

  forward(images: tf.Tensor4D) {
    const embedding = linear(images, this.weight as tf.Tensor2D);
    return { features: embedding, embedding };
  }

  [Symbol.dispose](): void {
    this.weight.dispose();
  }
}

function linear(images: tf.Tensor4D, weight: tf.Tensor2D): tf.Tensor2D {
  return tf.matMul(tf.sub(tf.reshape(images, [BATCH, PIXELS]), 128), weight);
}

/** A linear map too, whose embeddings of a batch lie close together, so that its distributions are not one-hot. */
async function linearTeacher(precision: "fp32" | "bf16"): Promise<FrozenTeacher> {
  const file: WeightsFile = {
    path: "linear",
    format: "formula",
    metadata: {},
    tensors: new Map([["weight", { dtype: "F32", shape: [DIM, PIXELS] }]]),
    read: () => normal("teacher", DIM * PIXELS, 0.01),
    [Symbol.dispose]() {},
  };
  const parameters = new FrozenParameters(file);
  const weight = parameters.get("weight", "linear", [PIXELS, DIM], () => 0) as tf.Tensor2D;
  const offset = tf.tensor1d(normal("offset", DIM, 100));
  return new FrozenTeacher({
    name: "linear teacher",
    engine: await testEngine(),
    parameters,
    forward: (images) => tf.add(linear(images, weight), offset),
    embeddingDim: DIM,
    inputSize: null,
    precision,
    weights: { file: "linear", sha256: "", layout: "linear", tensors: 1 },
  });
}

/** Whether embeddings are, to the bit, those of the teacher in fp32. */
async function isFp32(embeddings: tf.Tensor2D, images: tf.Tensor4D): Promise<boolean> {
  using teacher = await linearTeacher("fp32");
  const other = await teacher.embed(images);
  const [a, b] = [embeddings.dataSync(), other.dataSync()];
  other.dispose();
  return a.every((x, i) => x === b[i]);
}

/** The loss of unit rows in float64. */
function expectedLoss(zS: number[][], zT: number[][], D: number[][], tauS: number, tauT: number): number {
  const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const logSoftmax = (logits: number[]) => {
    const largest = Math.max(...logits);
    const log = largest + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - largest), 0));
    return logits.map((x) => x - log);
  };
  return zS.reduce((total, s, i) => {
    const extended = [zT[i], ...D];
    const logT = logSoftmax(extended.map((d) => dot(zT[i], d) / tauT));
    const logS = logSoftmax(extended.map((d) => dot(s, d) / tauS));
    return total - logT.reduce((sum, x, j) => sum + Math.exp(x) * logS[j], 0) / zS.length;
  }, 0);
}

for (const precision of ["fp32", "bf16"] as const) {
  Deno.test(`the traced step computes the loss in fp32 with teacher and student in ${precision}`, async () => {
    const engine = await testEngine();
    const objective = await plugin.create(plugin.options.parse({}), {
      ...testContext,
      ...{ engine, ...objectiveContext(DIM) },
    });
    using student = new LinearStudent();
    using teacher = await linearTeacher(precision);
    using queue = new FifoQueue(QUEUE, DIM, 0);
    const optimizer = (parameters: readonly Parameter[]) =>
      new Sgd(parameters, { momentum: 0.9, weightDecay: 1e-4 });
    const terms = [singleTerm(objective, plugin.needs(plugin.options.parse({})), queue)];
    const trainedIn = precision === "bf16" && await trainsInBf16() ? "bf16" : "fp32";
    using step = new TrainingStep({ engine, student, terms, optimizer }, { seed: 0, precision: trainedIn });
    for (let i = 0; i < 3; i++) { // from the second step on the queue holds embeddings like the batch's
      const random = new Random(i, "images");
      const pixels = Float32Array.from({ length: BATCH * PIXELS }, () => random.below(256));
      const images = tf.tensor4d(pixels, [BATCH, SIDE, SIDE, 3]);
      const zT = await teacher.embed(images);
      if (i === 0 && precision === "bf16" && await isFp32(zT, images)) {
        console.log("TensorFlow computes bf16 in fp32 on this processor: this repeats the test in fp32");
      }
      const zS = tf.tidy(() => unitRows(student.forward(images).embedding));
      const [s, t, D] = [zS.arraySync(), zT.arraySync(), queue.embeddings.arraySync() as number[][]];
      const expected = expectedLoss(s, t, D, 0.2, 0.01);
      const { loss } = await step.run({
        views: { views: [images], teacherEmbeddings: [zT], teacherMaps: [] },
      }, {
        ...{ step: i, epoch: 0, share: 0, learningRate: 0.01 },
      });
      assert.ok(Math.abs(loss - expected) <= 1e-5 * expected, `step ${i}: ${loss}, expected ${expected}`);
      // The batch enters the queue after the loss, at the pointer.
      const newest = (await queue.embeddings.array() as number[][]).slice(i * BATCH, (i + 1) * BATCH);
      newest.forEach((row, r) => row.forEach((x, c) => assert.ok(Math.abs(x - t[r][c]) < 1e-6)));
      tf.dispose([images, zT, zS]);
    }
  });
}
