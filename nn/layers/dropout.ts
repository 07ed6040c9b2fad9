import { tf } from "@seed/core";
import { scaleMaps } from "./scale_maps.ts";

/**
 * Zeroes what its noise says and scales what stays, so that the expectation stays too (Srivastava et al., JMLR 2014).
 *
 * @param noise Uniform in 0..1, of a shape that `x`'s broadcasts.
 * @param rate Share that is dropped.
 */
export function drop<T extends tf.Tensor>(x: T, noise: tf.Tensor, rate: number): T {
  return tf.mul(x, factors(noise, rate)) as T;
}

function factors(noise: tf.Tensor, rate: number): tf.Tensor {
  return tf.mul(tf.cast(tf.greaterEqual(noise, rate), "float32"), 1 / (1 - rate));
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
  const ofImages = tf.reshape(tf.slice(noise, [0, column], [batch, 1]), [batch, 1, 1, 1]);
  return scaleImages(x, factors(ofImages, rate)) as tf.Tensor4D;
}

/** One pass each way, which leaves maps in the precision that they are in; none of the factors is learnt. */
const scaleImages = tf.customGrad((...args) => {
  const [x, scale, save] = args as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
  save([scale]);
  return {
    value: scaleMaps(x, scale),
    gradFunc: (dy: tf.Tensor, [scale]: tf.Tensor[]) => [scaleMaps(dy, scale), tf.zerosLike(scale)],
  };
});
