import type { tf } from "../tf.ts";

/** The embeddings of past batches that similarities are measured against. */
export interface Queue extends Disposable {
  readonly size: number;
  readonly embeddingDim: number;
  /** `[size, embeddingDim]` float32, unit rows in slot order. */
  readonly embeddings: tf.Variable<tf.Rank.R2>;
  /** Scalar int32: the slot that is overwritten next. */
  readonly pointer: tf.Variable<tf.Rank.R0>;

  /**
   * Overwrites the oldest rows. Callable inside a traced function.
   *
   * @param batch `[batch, embeddingDim]` float32, unit rows; `batch` divides `size`.
   */
  enqueue(batch: tf.Tensor2D): void;
}
