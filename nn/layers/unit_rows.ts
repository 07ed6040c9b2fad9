import { tf } from "@seed/core";

/**
 * Scales each row to unit length, as PyTorch's `F.normalize`: the norm is at least 1e-12.
 *
 * @param x `[rows, columns]` float32.
 * @returns the same shape.
 */
export function unitRows(x: tf.Tensor2D): tf.Tensor2D {
  const norm = tf.sqrt(tf.sum(tf.square(x), 1, true));
  return tf.div(x, tf.maximum(norm, 1e-12));
}
