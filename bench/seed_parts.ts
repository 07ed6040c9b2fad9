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
// From their files: `@seed/core/host` brings native code for pictures along, which benches on other machines lack.
import { singleTerm } from "../core/training/loss_terms.ts";
import type { StepUnderWay } from "../core/training/step_under_way.ts";
import { TrainingStep } from "../core/training/training_step.ts";
import { FrozenTeacher, MOCO_LAYOUTS, networkNamed, projectionHead } from "@seed/nn";
import { FrozenNetwork } from "../nn/frozen/frozen_network.ts";
import { shapesAskedFor } from "./network_shapes.ts";
import objectivePlugin from "@seed/objective-seed";
import queuePlugin from "@seed/queue-fifo";
import efficientnet from "@seed/student-efficientnet";
import mobilenetV3 from "@seed/student-mobilenet-v3";
import resnet from "@seed/student-resnet";
import { pixels, weightsFile } from "../tests/golden/formula.ts";
import { objectiveContext, objectiveInputs } from "../tests/support/objective_inputs.ts";

const NEEDS = objectivePlugin.needs(objectivePlugin.options.parse({}));

/** What plugins are told; those here use no files. */
const CONTEXT = {
  ...{ seed: 0, cacheDir: "", resolve: (path: string) => path },
  ...{ log: (message: string) => console.error(message), signal: new AbortController().signal },
};

type StudentContext = Parameters<typeof efficientnet.create>[1];

/** The students that are measured, by what benches call them. */
const STUDENTS = {
  "efficientnet-b0": (context: StudentContext) =>
    efficientnet.create(efficientnet.options.parse({ variant: "b0" }), context),
  "mobilenet-v3-large": (context: StudentContext) =>
    mobilenetV3.create(mobilenetV3.options.parse({ variant: "large" }), context),
  "mobilenet-v3-small": (context: StudentContext) =>
    mobilenetV3.create(mobilenetV3.options.parse({ variant: "small" }), context),
  "resnet18": (context: StudentContext) => resnet.create(resnet.options.parse({ depth: 18 }), context),
};
export type StudentName = keyof typeof STUDENTS;
export const STUDENT_NAMES = Object.keys(STUDENTS) as StudentName[];

/** How large a step is. */
export interface StepSize {
  batch: number;
  /** Side of a view in pixels. */
  size: number;
  queue: number;
  /** Default: EfficientNet-B0. */
  student?: StudentName;
  /** Of the student; default `fp32`. */
  precision?: Precision;
  /** Default `auto`. */
  teacherPrecision?: Precision;
}

/** A ResNet with MoCo-v2's head and a formula's weights. */
export function loadTeacher(name = "resnet50"): FrozenNetwork {
  const network = networkNamed(name);
  const shapes = shapesAskedFor((source) => {
    const { featureDim } = network.build(source, network.normalization);
    projectionHead(source, "fc", { inputs: featureDim, hidden: [featureDim], dim: 128 });
  });
  const file = weightsFile(
    Object.fromEntries(shapes.map(([name, shape]) => [`module.encoder_q.${name}`, shape])),
  );
  return FrozenNetwork.load(file, network, { layouts: MOCO_LAYOUTS });
}

const POSITION = { step: 0, epoch: 0, share: 0, learningRate: 0.03 };

const batchOf = (images: tf.Tensor4D, embedding: tf.Tensor2D) => ({
  views: { views: [images], teacherEmbeddings: [embedding], teacherMaps: [] },
});

/** What `distill` runs in each step of `recipes/effb0.yaml`, from pixels on; other students likewise. */
export class SeedParts {
  readonly #pixels: Uint8Array;
  readonly #step: TrainingStep;
  /** Where calls are queued, the step that is told of when the next has begun. */
  #begun: StepUnderWay | null = null;
  #ahead: { images: tf.Tensor4D; embedding: tf.Tensor2D } | null = null;

  private constructor(
    private readonly engine: Engine,
    readonly teacher: FrozenTeacher,
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
    const context = { ...CONTEXT, engine };
    const embeddingDim = network.headDim!;
    const teacher = new FrozenTeacher({
      name: "teacher",
      ...{ engine, parameters: network.parameters, embeddingDim, inputSize: null, weights: null! },
      forward: (images) => network.embedding(images),
      precision: at.teacherPrecision ?? "auto",
    });
    const student = await STUDENTS[at.student ?? "efficientnet-b0"]({ ...context, embeddingDim });
    const queue = await queuePlugin.create({ size: at.queue }, {
      ...{ ...context, embeddingDim, batchSize: at.batch },
    });
    const objective = await objectivePlugin.create(objectivePlugin.options.parse({}), {
      ...{ ...context, ...objectiveContext(embeddingDim) },
    });
    return new SeedParts(engine, teacher, student, objective, queue, at);
  }

  /** @param pixels Default: those that the parts have. */
  upload(pixels = this.#pixels): tf.Tensor4D {
    const { batch, size } = this.at;
    return this.engine.upload(pixels, [batch, size, size, 3]);
  }

  /**
   * The whole step, as the loop takes it: while the student trains on a batch, the teacher sees the next. Where calls are
   * queued, what is waited for is the step before.
   */
  async step(): Promise<void> {
    const { images, embedding } = this.#ahead ?? await this.#seenByTeacher();
    const next = this.#seenByTeacher();
    const begun = await this.#step.begin(batchOf(images, embedding), POSITION);
    tf.dispose([images, embedding]);
    const told = this.#step.isQueued ? this.#begun : begun;
    this.#begun = begun;
    await told?.result();
    told?.[Symbol.dispose]();
    this.#ahead = await next;
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

  /** The student's part: forward, loss, gradients, update, enqueue. Gives the loss. */
  async studentStep(images: tf.Tensor4D, embedding: tf.Tensor2D): Promise<number> {
    const { loss } = await this.#step.run(batchOf(images, embedding), POSITION);
    if (!Number.isFinite(loss)) throw new Error(`The loss is ${loss}`);
    return loss;
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
