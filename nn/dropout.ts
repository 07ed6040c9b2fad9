import { tf } from "@seed/core";

/**
 * Zeroes what its noise says and scales what stays, so that the expectation stays too (Srivastava et al., JMLR 2014).
 *
 * @param noise Uniform in 0..1, of a shape that `x`'s broadcasts.
 * @param rate Share that is dropped.
 */
export function drop<T extends tf.Tensor>(x: T, noise: tf.Tensor, rate: number): T {
  const kept = tf.cast(tf.greaterEqual(noise, rate), "float32");
  return tf.mul(x, tf.mul(kept, 1 / (1 - rate))) as T;
}

/**
 * Stochastic depth (Huang et al., ECCV 2016): drops a block's own part for whole images, so that what it adds to is
 * all that is left.
 *
 * @param noise `[batch, numbers]`, of which it takes those at `column`.
 */
export function dropPath(
  x: tf.Tensor4D,
  noise: tf.Tensor2D,
  { column, rate }: { column: number; rate: number },
): tf.Tensor4D {
  const batch = x.shape[0];
  return drop(x, tf.reshape(tf.slice(noise, [0, column], [batch, 1]), [batch, 1, 1, 1]), rate);
}
