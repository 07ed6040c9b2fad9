/**
 * What is minimised. The core makes the views, runs the student and the teacher on them, and hands the embeddings to
 * the objective; a loss plugin is a function and what it needs.
 *
 * @module
 */
import type { Parameter, Student } from "./student.ts";
import type { tf } from "../tf.ts";

/** Views of other images: of those that the teacher finds most like an image, its bag. */
export interface NeighbourViews {
  /** Numbers of the views that are of an image drawn from the image's bag, the same image in all of them. */
  readonly views: readonly number[];
  /** How many images a bag holds. */
  readonly bag: number;
}

/** What an objective needs of a run: a function of its options, known before anything is loaded. */
export interface ObjectiveNeeds {
  /** How many augmented views of an image a step takes. Default: 1. */
  readonly views?: number;
  /** Numbers of the views that the student is trained on; the core runs it on them. Default: all. */
  readonly studentViews?: readonly number[];
  /** Numbers of the views that the teacher sees. Default: none, and the recipe needs no teacher. */
  readonly teacherViews?: readonly number[];
  /** Whether it measures against the rows of past batches. Default: false. */
  readonly queue?: boolean;
  /** Rows that go into the queue for each image of a batch. Default: 1; 2 for a loss that enqueues both of its views. */
  readonly rowsPerImage?: number;
  /** Default: every view is of the image itself. */
  readonly neighbours?: NeighbourViews;
  /**
   * Whether its loss depends on the student's embeddings, so that the projection head learns. Default: true. A recipe
   * without any such objective freezes the head.
   */
  readonly embeddings?: boolean;
  /** Whether it looks at maps too: what the networks make of each place of a view. Default: false. */
  readonly maps?: boolean;
  /** What it is fitted to before the first step, if it is: see {@link Objective.fit}. Default: it is not fitted. */
  readonly fit?: {
    /** Of how many training images it wants the teacher's embeddings, if there are so many. */
    readonly images: number;
  };
  /** Whether it trains with a network like the student of its own, and takes random numbers for it. Default: false. */
  readonly noise?: boolean;
}

/** What an objective is fitted to. */
export interface FitInputs {
  /** The teacher's embeddings of images drawn from the training set, unaugmented: `[images, dim]` float32 unit rows. */
  readonly teacherEmbeddings: tf.Tensor2D;
  /** Prints a line to the user. */
  log(message: string): void;
  /** Aborted when the user interrupts; whoever takes long looks at it. */
  readonly signal: AbortSignal;
}

/** How far training is when a step begins: what schedules go by. Scalars, float32. */
export interface TrainingProgress {
  /** Steps that were taken, in the whole run. */
  readonly step: tf.Scalar;
  /** Epochs that were trained, with their fraction. */
  readonly epoch: tf.Scalar;
  /** Share of all steps of the recipe that were taken, 0 at the first step; `--max-steps` changes nothing of it. */
  readonly share: tf.Scalar;
}

/** What an objective sees of one step. All of it is there for this step alone. */
export interface ObjectiveInputs {
  /** The augmented views, one batch each: `[batch, size, size, 3]` float32 in 0..255. */
  readonly views: readonly tf.Tensor4D[];
  /** What the student's head makes of each of its views, in the order of `studentViews`: `[batch, dim]`, not normalised. */
  readonly studentEmbeddings: readonly tf.Tensor2D[];
  /** The same of its backbone, pooled: `[batch, featureDim]` float32. */
  readonly studentFeatures: readonly tf.Tensor2D[];
  /** The teacher's embedding of each of its views, in the order of `teacherViews`: `[batch, dim]` float32 unit rows. */
  readonly teacherEmbeddings: readonly tf.Tensor2D[];
  /**
   * What the student's backbone makes of each place of its views, before it is pooled: `[batch, rows, columns, mapDim]`
   * float32. Empty if the objective does not say that it looks at `maps`.
   */
  readonly studentMaps: readonly tf.Tensor4D[];
  /**
   * The same of the teacher's, in the order of `teacherViews`, not normalised. The view is the same, so both show the
   * same places; they may have other numbers of rows and columns.
   */
  readonly teacherMaps: readonly tf.Tensor4D[];
  /**
   * The rows of past batches: `[size, dim]` float32 unit rows.
   *
   * @throws {Error} If the objective does not say that it needs a queue.
   */
  readonly queue: tf.Tensor2D;
  /** For schedules: of a temperature, say. */
  readonly progress: TrainingProgress;
  /**
   * Random numbers for training passes of networks of the objective's own, other ones than the student's: one
   * `[batch, noisePerImage]` float32 in 0..1 a view. Absent if the student takes none, or `noise` is not needed.
   */
  readonly noise?: readonly tf.Tensor2D[];
}

/** What an objective returns. */
export interface ObjectiveResult {
  /** What is minimised: a scalar, averaged over the batch. */
  readonly loss: tf.Scalar;
  /**
   * Unit rows to put into the queue when the step is over, `[rowsPerImage * batch, dim]` float32. Absent or null:
   * nothing goes into it.
   */
  readonly enqueue?: tf.Tensor2D | null;
  /**
   * The least that the loss can be on this batch, whatever the student makes of it: the target's entropy of a
   * cross-entropy, 0 of a divergence or a distance. Absent: nobody knows, or there is none; the same at every step.
   */
  readonly floor?: tf.Scalar | number;
  /**
   * The loss of a student that gives all candidates the same probability: `ln(K + 1)` of a cross-entropy over a queue
   * of K rows and the image's own. Absent: the loss is about no distribution; the same at every step.
   */
  readonly uniform?: tf.Scalar | number;
  /** Scalars beside the loss that `metrics.jsonl` tells at each step; the same names at every step. */
  readonly metrics?: Readonly<Record<string, tf.Scalar>>;
}

/**
 * What is minimised: SEED, MoCo, or yours. Everything runs inside the traced step: operations on tensors, no reading
 * of their values.
 *
 * @example Regression of the teacher's embedding, weighted up over training
 * ```ts
 * import { definePlugin, tf, unitRows, z } from "@seed/core";
 *
 * const plugin = definePlugin({
 *   kind: "objective",
 *   name: "my-regression",
 *   apiVersion: 1,
 *   about: { summary: "The squared distance to the teacher's embedding" },
 *   options: z.strictObject({}),
 *   needs: () => ({ teacherViews: [0] }),
 *   create: () => ({
 *     loss({ studentEmbeddings: [student], teacherEmbeddings: [target], progress: { share } }) {
 *       const distance = tf.mean(tf.sum(tf.squaredDifference(unitRows(student), target), 1));
 *       return { loss: tf.mul(distance, tf.add(1, share)), metrics: { distance: distance as tf.Scalar } };
 *     },
 *   }),
 * });
 * ```
 */
export interface Objective {
  /**
   * State of its own, which checkpoints hold. What is trainable of it is trained with the student (a predictor,
   * prototypes); the rest is what `prepare` moves (a momentum encoder). Names tell where they belong: `predictor.weight`,
   * `momentum_encoder.<timm name>`. Default: none.
   */
  readonly parameters?: readonly Parameter[];

  /**
   * Fits some of its {@link parameters} to the teacher, once, before a run's first step; a resume has them from the
   * checkpoint. There if its `needs` tell `fit`. It must come out the same every time: of several processes each fits.
   *
   * @throws {RunError} If there are too few images.
   */
  fit?(inputs: FitInputs): Promise<void>;

  /** Runs before the loss, outside its gradient, once a step: a momentum encoder follows the student here. */
  prepare?(given: { student: Student; progress: TrainingProgress }): void;

  /**
   * The loss; differentiated by the trainable parameters of the student and of the objective, each of which it must
   * depend on. Called once a step and stream of views, or once a part of it (`train.accumulate`).
   */
  loss(inputs: ObjectiveInputs): ObjectiveResult;

  /** Frees what it holds. */
  [Symbol.dispose]?(): void;
}
