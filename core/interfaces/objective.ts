import type { OptionProblem, RecipeFacts } from "./plugin.ts";
import type { Queue } from "./queue.ts";
import type { Parameter, Student } from "./student.ts";
import type { tf } from "../tf.ts";

/** What an objective sees of one step. */
export interface ObjectiveInputs {
  /** The augmented views, one batch each: `[batch, size, size, 3]` float32 in 0..255. */
  views: readonly tf.Tensor4D[];
  student: Student;
  /**
   * The teacher's embedding of each view, or of those that `teacherViews` names, in its order: `[batch, dim]` float32
   * unit rows. Empty if `usesTeacher` is false.
   */
  teacher: readonly tf.Tensor2D[];
  /** Reading it fails where `usesQueue` is false. */
  readonly queue: Queue;
  /**
   * Random numbers for training passes of networks of the objective's own, other ones than the student's:
   * `[images of all views, noisePerImage]` float32 in 0..1. Absent if the student takes none, or `usesNoise` is not
   * true.
   */
  readonly noise?: tf.Tensor2D;
}

/** What an objective returns. */
export interface ObjectiveResult {
  /** What is minimised: a scalar, averaged over the batch. */
  loss: tf.Scalar;
  /** Unit rows to put into the queue when the step is over; null: the objective has no queue. */
  enqueue: tf.Tensor2D | null;
}

/** Views of other images: of those that the teacher finds most like an image, its bag. */
export interface NeighbourViews {
  /** Numbers of the views that are of an image drawn from the image's bag, the same image in all of them. */
  readonly views: readonly number[];
  /** How many images a bag holds. */
  readonly bag: number;
}

/**
 * A plugin's `check` for an objective that learns from a teacher.
 *
 * @param method As the message names it, `SEED` say.
 */
export function needsTeacher(method: string): (options: unknown, recipe: RecipeFacts) => OptionProblem[] {
  const message = `${method} learns from a teacher; add the section "teacher"`;
  return (_options, { hasTeacher }) => hasTeacher ? [] : [{ key: "plugin", message }];
}

/** What is minimised: SEED, MoCo, or yours. Everything runs inside the traced step. */
export interface Objective extends Disposable {
  /** How many augmented views of an image a step needs. */
  readonly views: number;
  readonly usesTeacher: boolean;
  /** Numbers of the views that the teacher sees; absent: all of them. */
  readonly teacherViews?: readonly number[];
  /** False: it measures nothing against past batches. Absent: it has a queue. */
  readonly usesQueue?: boolean;
  /** True: it trains with networks like the student of its own, and takes random numbers for them. */
  readonly usesNoise?: boolean;
  /** Some views are of neighbours; absent: all are of the image itself. */
  readonly neighbours?: NeighbourViews;
  /** State of its own that checkpoints must hold (a momentum encoder), named `momentum_encoder.<timm name>` say. */
  readonly parameters: readonly Parameter[];

  /** Runs before the loss, outside its gradient: a momentum encoder follows the student here. */
  prepare?(student: Student): void;

  /** The loss; differentiated with respect to the student's trainable parameters. */
  loss(inputs: ObjectiveInputs): ObjectiveResult;
}
