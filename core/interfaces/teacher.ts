import type { tf } from "../tf.ts";
import type { ParameterKind } from "./student.ts";

/** The frozen network whose embeddings the student learns to imitate. */
export interface Teacher extends Disposable {
  /** Width of its embedding. */
  readonly embeddingDim: number;
  /** Side, in pixels, of the views it wants to see; null: the augmenter's. */
  readonly inputSize: number | null;
  /** How many weights it has; absent: it does not tell. */
  readonly parameters?: number;
  /** What `run.json` records about the weights; null for a teacher without a file. */
  readonly weights: WeightsRecord | null;

  /**
   * Embeds a batch. Called outside the traced step, so it may run anything: a traced network, ONNX, a remote.
   * Rows must depend on their own image alone (frozen batch norm), or cached embeddings would be wrong.
   *
   * Batches and sides vary from call to call: the last batch of an evaluation or of `cache` is smaller than those before
   * it, small patches have a side of their own, and a network to compare with sees other batches than a taught one. A
   * traced function takes one shape, so a teacher that traces keeps one for each shape that it meets, or fills batches
   * up.
   *
   * @param images `[batch, side, side, 3]` float32 in 0..255, RGB; `side` is `inputSize` where that is not null.
   * @returns `[batch, embeddingDim]` float32, L2-normalised, owned by the caller.
   */
  embed(images: tf.Tensor4D): Promise<tf.Tensor2D>;

  /** The head that its embedding comes out of; absent: there is none, or none to take over (`tells`). */
  readonly head?: TeacherHead;

  /** Channels of its maps; absent: it has none. A plugin whose teachers have them tells so (`tells`). */
  readonly mapDim?: number;
  /**
   * Embeds a batch, and gives the map that it is made of. For objectives that look at maps; there if {@link mapDim} is.
   *
   * @param images As {@link embed} takes them.
   */
  maps?(images: tf.Tensor4D): Promise<TeacherMaps>;
}

/** A teacher's projection head, for a student that takes it over. */
export interface TeacherHead {
  /** Width of the features that it takes. */
  readonly inputDim: number;
  /**
   * Its values, the teacher's to dispose of, named as in a PyTorch `Sequential`: `0.weight`, `0.bias`, `2.weight`. A
   * layer with a `running_mean` is a batch norm, another is linear, and a number without values stands for a ReLU.
   */
  readonly values: readonly {
    readonly name: string;
    readonly kind: ParameterKind;
    /** In TensorFlow's layout. */
    readonly tensor: tf.Tensor;
  }[];
}

/** What a teacher makes of a batch, and of each place of its images; owned by the caller. */
export interface TeacherMaps {
  /** What {@link Teacher.embed} gives. */
  readonly embedding: tf.Tensor2D;
  /** `[batch, rows, columns, mapDim]` float32, not normalised: the last one before pooling. */
  readonly map: tf.Tensor4D;
}

/** Which weights a network got, as logged and written to `run.json`. */
export interface WeightsRecord {
  file: string;
  sha256: string;
  /** Naming convention the file was found to follow, for example `moco`. */
  layout: string;
  /** How many tensors were taken. */
  tensors: number;
}
