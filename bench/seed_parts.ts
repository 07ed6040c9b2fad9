import {
  type Engine,
  type Objective,
  type Parameter,
  type Precision,
  type Queue,
  Sgd,
  type Student,
  tf,
} from "@seed/core";
import { singleTerm, TrainingStep } from "@seed/core/host";
import { FrozenTeacher, MOCO_LAYOUTS, networkNamed } from "@seed/nn";
import { FrozenNetwork } from "@seed/nn/host";
import objectivePlugin from "@seed/objective-seed";
import queuePlugin from "@seed/queue-fifo";
import studentPlugin from "@seed/student-efficientnet";
import { pixels, weightsFile } from "../tests/golden/formula.ts";
import resnet50 from "../tests/golden/resnet50_state_dict.json" with { type: "json" };
import { testContext } from "../tests/support/engine.ts";
import { objectiveContext, objectiveInputs } from "../tests/support/objective_inputs.ts";

const NEEDS = objectivePlugin.needs(objectivePlugin.options.parse({}));

/** How large a step is. */
export interface StepSize {
  batch: number;
  /** Side of a view in pixels. */
  size: number;
  queue: number;
  /** Of the student; default `fp32`. */
  precision?: Precision;
}

/** MoCo-v2's head of a ResNet-50. */
const HEAD = {
  "fc.0.weight": [2048, 2048],
  "fc.0.bias": [2048],
  "fc.2.weight": [128, 2048],
  "fc.2.bias": [128],
};

/** A MoCo-v2 ResNet-50 with a formula's weights. */
export function loadTeacher(): FrozenNetwork {
  const shapes = Object.entries<number[]>({ ...resnet50, ...HEAD });
  const file = weightsFile(
    Object.fromEntries(shapes.map(([name, shape]) => [`module.encoder_q.${name}`, shape])),
  );
  return FrozenNetwork.load(file, networkNamed("resnet50"), { layouts: MOCO_LAYOUTS });
}

/** What `distill` runs in each step of `recipes/effb0.yaml`, from pixels on. */
export class SeedParts {
  readonly #pixels: Uint8Array;
  readonly #step: TrainingStep;
  #ahead: { images: tf.Tensor4D; embedding: tf.Tensor2D } | null = null;

  private constructor(
    private readonly engine: Engine,
    private readonly teacher: FrozenTeacher,
    readonly student: Student,
    readonly objective: Objective,
    readonly queue: Queue,
    private readonly at: StepSize,
  ) {
    this.#pixels = pixels("bench", at.batch, at.size);
    const optimizer = (parameters: readonly Parameter[]) =>
      new Sgd(parameters, { momentum: 0.9, weightDecay: 1e-4 });
    const terms = [singleTerm(objective, NEEDS, queue)];
    this.#step = new TrainingStep({ engine, student, terms, optimizer }, {
      seed: 0,
      precision: at.precision,
    });
  }

  static async create(engine: Engine, network: FrozenNetwork, at: StepSize): Promise<SeedParts> {
    const context = { ...testContext, engine };
    const embeddingDim = network.headDim!;
    const teacher = new FrozenTeacher({
      name: "teacher",
      ...{ engine, parameters: network.parameters, embeddingDim, inputSize: null, weights: null! },
      forward: (images) => network.embedding(images),
      precision: "auto",
    });
    const student = await studentPlugin.create(studentPlugin.options.parse({ variant: "b0" }), {
      ...{ ...context, embeddingDim },
    });
    const queue = await queuePlugin.create({ size: at.queue }, {
      ...{ ...context, embeddingDim, batchSize: at.batch },
    });
    const objective = await objectivePlugin.create(objectivePlugin.options.parse({}), {
      ...{ ...context, ...objectiveContext(embeddingDim) },
    });
    return new SeedParts(engine, teacher, student, objective, queue, at);
  }

  upload(): tf.Tensor4D {
    const { batch, size } = this.at;
    return this.engine.upload(this.#pixels, [batch, size, size, 3]);
  }

  /** The whole step, as the loop takes it: while the student trains on a batch, the teacher sees the next. */
  async step(): Promise<void> {
    const { images, embedding } = this.#ahead ?? await this.#seenByTeacher();
    const next = this.#seenByTeacher();
    await this.studentStep(images, embedding);
    this.#ahead = await next;
    tf.dispose([images, embedding]);
  }

  async #seenByTeacher() {
    const images = this.upload();
    return { images, embedding: await this.teacher.embed(images) };
  }

  /** The teacher's part: upload and embedding. */
  async embed(): Promise<void> {
    const images = this.upload(), embedding = await this.teacher.embed(images);
    await embedding.data();
    tf.dispose([images, embedding]);
  }

  /** The student's part: forward, loss, gradients, update, enqueue. */
  async studentStep(images: tf.Tensor4D, embedding: tf.Tensor2D): Promise<void> {
    const batch = { views: { views: [images], teacherEmbeddings: [embedding] } };
    const { loss } = await this.#step.run(batch, { step: 0, epoch: 0, share: 0, learningRate: 0.03 });
    if (!Number.isFinite(loss)) throw new Error(`The loss is ${loss}`);
  }

  /** Of the student's part the loss, its gradient by the student's embeddings, and the enqueue, traced alone. */
  lossAndQueue(): (zS: tf.Tensor2D, zT: tf.Tensor2D) => Promise<void> {
    const { objective, queue } = this;
    const traced = this.engine.trace((zS, zT) => {
      const loss = (z: tf.Tensor) =>
        objective.loss(objectiveInputs({
          ...{ studentEmbeddings: [z as tf.Tensor2D], teacherEmbeddings: [zT as tf.Tensor2D] },
          queue: queue.embeddings as tf.Tensor2D,
        })).loss;
      const { value, grad } = tf.valueAndGrad(loss)(zS);
      queue.enqueue(zT as tf.Tensor2D);
      return [value, grad];
    }, { name: "loss and queue" });
    return async (zS, zT) => {
      const results = await traced.call(zS, zT);
      await results[1].data();
      tf.dispose(results);
    };
  }
}
