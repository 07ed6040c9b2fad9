import type { Queue } from "./queue.ts";
import type { Parameter, Student } from "./student.ts";
import type { tf } from "./tf.ts";

/** What an objective sees of one step. */
export interface ObjectiveInputs {
  /** The augmented views, one batch each: `[batch, size, size, 3]` float32 in 0..255. */
  views: readonly tf.Tensor4D[];
  student: Student;
  /** The teacher's embedding of each view, `[batch, dim]` float32 unit rows; empty if `usesTeacher` is false. */
  teacher: readonly tf.Tensor2D[];
  queue: Queue;
}

/** What an objective returns. */
export interface ObjectiveResult {
  /** What is minimised: a scalar, averaged over the batch. */
  loss: tf.Scalar;
  /** Unit rows to put into the queue when the step is over. */
  enqueue: tf.Tensor2D;
}

/** What is minimised: SEED, MoCo, or yours. Everything runs inside the traced step. */
export interface Objective extends Disposable {
  /** How many augmented views of an image a step needs. */
  readonly views: number;
  readonly usesTeacher: boolean;
  /** State of its own that checkpoints must hold (a momentum encoder), named `momentum_encoder.<timm name>` say. */
  readonly parameters: readonly Parameter[];

  /** Runs before the loss, outside its gradient: a momentum encoder follows the student here. */
  prepare?(student: Student): void;

  /** The loss; differentiated with respect to the student's trainable parameters. */
  loss(inputs: ObjectiveInputs): ObjectiveResult;
}
