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
 * @param x Maps, `[batch, ...]`, or rows of which each image has as many, one after the other.
 * @param noise `[batch, numbers]`, of which it takes those at `column`.
 */
export function dropPath<T extends tf.Tensor>(
  x: T,
  noise: tf.Tensor2D,
  { column, rate }: { column: number; rate: number },
): T {
  const [batch] = noise.shape;
  const byImage = x.shape[0] === batch ? x : tf.reshape(x, [batch, x.shape[0] / batch, ...x.shape.slice(1)]);
  const ofImages = tf.reshape(tf.slice(noise, [0, column], [batch, 1]), [
    batch,
    ...byImage.shape.slice(1).fill(1),
  ]);
  const dropped = scaleImages(byImage, factors(ofImages, rate));
  return (byImage === x ? dropped : tf.reshape(dropped, x.shape)) as T;
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
