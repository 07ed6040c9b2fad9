import { fused, product, tf } from "@seed/core";
import type { Activation } from "./activation.ts";
import { channelMeans } from "./channel_means.ts";
import { type BatchNormOptions, type BatchNormParameters, moveStatistics } from "./batch_norm.ts";

/** From how many pixels an input channel on {@link expandedNorm} is faster than its three parts. */
const PIXELS_AN_INPUT = 32;

/** From how many pixels on an image's products are computed by themselves. */
const PIXELS_FOR_ITS_OWN = 28 * 28;

/** Whether {@link expandedNorm} is faster than a convolution, a batch norm and an activation. */
export function expandsFaster({ shape: [batch, height, width, inputs] }: tf.Tensor4D): boolean {
  return batch * height * width >= PIXELS_AN_INPUT * inputs;
}

/**
 * A convolution of single pixels to more channels, a batch norm and an activation, for training, without a pass over
 * the many channels for the norm: the variance of a weighted sum follows from the covariance of what is summed, which
 * are few. With `c` the centred input, `C = c'c / n` and a column `w` of the weight, the variance is `w'Cw`, so the
 * norm is part of the weight: `c (w scale / sqrt(w'Cw + epsilon)) + offset`. The offset is the weight of a channel of
 * ones, whose gradient then comes out of the weight's.
 *
 * @param x `[batch, height, width, inputs]`.
 * @param weight `[1, 1, inputs, outputs]`.
 * @returns `[batch, height, width, outputs]`. Moves the running statistics, whose variance is the unbiased one.
 */
export function expandedNorm(
  x: tf.Tensor4D,
  weight: tf.Tensor4D,
  norm: BatchNormParameters,
  { epsilon = 1e-5, momentum = 0.1, activation }: BatchNormOptions & { activation: Activation },
): tf.Tensor4D {
  const { shape } = x, [inputs, outputs] = weight.shape.slice(2), pixels = x.size / inputs;
  const run = tf.customGrad((...args) => {
    const [x, weight, scale, offset, save] = args as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.GradSaveFunc,
    ];
    const rows = tf.reshape(x, [pixels, inputs]), w = tf.reshape(weight, [inputs, outputs]) as tf.Tensor2D;
    const mean = tf.mean(channelMeans(x), 0, true) as tf.Tensor2D;
    const centred = fused(centre, rows, mean)[0] as tf.Tensor2D;
    const products = productOver(shape, tf.matMul, centred, centred); // exact: a variance may be a small difference
    const covariance = tf.div(tf.slice(products, [0, 0], [inputs, inputs]), pixels) as tf.Tensor2D;
    const covarianceW = tf.matMul(covariance, w);
    const variance = tf.sum(tf.mul(covarianceW, w), 0) as tf.Tensor1D;
    const inverse = tf.rsqrt(tf.add(variance, epsilon)); // 1 / deviation
    const normed = tf.mul(w, tf.mul(scale, inverse)) as tf.Tensor2D;
    const z = product(centred, tf.concat([normed, tf.reshape(offset, [1, outputs])], 0) as tf.Tensor2D);
    const sums = tf.reshape(tf.matMul(mean, w), [outputs]);
    moveStatistics(norm, sums, tf.mul(variance, pixels / Math.max(1, pixels - 1)), momentum);
    save([centred, w, scale, covarianceW, inverse, normed, z]);
    return {
      value: tf.reshape(fused(activation.body, z)[0], [...shape.slice(0, 3), outputs]),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [centred, w, scale, covarianceW, inverse, normed, z] = saved as tf.Tensor2D[];
        const dz = fused(activation.gradient, tf.reshape(dy, z.shape), z)[0] as tf.Tensor2D;
        const products = productOver(shape, product, centred, dz);
        const dNormed = tf.slice(products, [0, 0], [inputs, outputs]);
        const dOffset = tf.slice(products, [inputs, 0], [1, outputs]) as tf.Tensor2D;
        const dScale = tf.mul(tf.sum(tf.mul(w, dNormed), 0), inverse);
        // Of the variance, whose own is outer(w, w) for the covariance and 2 Cw for the weight.
        const dVariance = tf.mul(tf.mul(tf.mul(dScale, scale), tf.square(inverse)), -0.5);
        const dWeight = tf.add(
          tf.mul(dNormed, tf.mul(scale, inverse)),
          tf.mul(covarianceW, tf.mul(dVariance, 2)),
        );
        const dCovariance = tf.matMul(
          tf.mul(w, tf.mul(dVariance, 2 / pixels)) as tf.Tensor2D,
          w,
          false,
          true,
        );
        // The centring takes off the mean of what comes back.
        const dMean = tf.mul(tf.matMul(dOffset, normed, false, true), -1 / pixels);
        const dx = tf.add(
          product(dz, tf.transpose(normed)), // faster than to have the product transpose
          product(centred, tf.concat([dCovariance, dMean], 0) as tf.Tensor2D),
        );
        return [
          tf.reshape(dx, shape),
          tf.reshape(dWeight, [1, 1, inputs, outputs]),
          dScale,
          tf.reshape(dOffset, [outputs]),
        ];
      },
    };
  });
  return run(x, weight, norm.scale, norm.offset) as tf.Tensor4D;
}

/** Takes the mean off, and adds a channel of ones. */
function centre(rows: tf.Tensor, mean: tf.Tensor): tf.Tensor[] {
  return [tf.pad(tf.sub(rows, mean), [[0, 0], [0, 1]], 1)];
}

/**
 * `a' b` of rows that are pixels. Of large maps image by image: oneDNN takes 0.7 of the time so where the channels are
 * few (17 by 96 of 112 x 112 pixels, 25 by 144 of 56 x 56).
 */
function productOver(
  [batch, height, width]: readonly number[],
  multiply: typeof product,
  a: tf.Tensor2D,
  b: tf.Tensor2D,
): tf.Tensor2D {
  if (height * width < PIXELS_FOR_ITS_OWN) return multiply(a, b, true, false);
  const [left, right] = [a, b].map((rows) =>
    tf.reshape(rows, [batch, height * width, rows.shape[1]]) as tf.Tensor3D
  );
  return tf.sum(multiply(left, right, true, false), 0);
}
