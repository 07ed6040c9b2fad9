import { fused, hasKernel, LAYER_NORM_KERNEL, tf } from "@seed/core";
import { constant } from "../parameters/initializer.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

/** What every vision transformer here adds to the variance. */
const EPSILON = 1e-6;

/**
 * Normalises each row to mean 0 and variance 1, then scales and shifts its columns (Ba et al., 2016). Names as
 * PyTorch's: `name.weight`, `name.bias`.
 *
 * @returns a function of `[rows, channels]` to the same shape; value and gradients are one operation each where the
 *   engine fuses.
 */
export function layerNorm(
  source: ParameterSource,
  name: string,
  channels: number,
): (x: tf.Tensor2D) => tf.Tensor2D {
  const scale = source.get(`${name}.weight`, "vector", [channels], constant(1));
  const offset = source.get(`${name}.bias`, "vector", [channels], constant(0));
  return (x) => {
    // One operation on the backend that records networks.
    if (hasKernel(LAYER_NORM_KERNEL)) {
      return tf.engine().runKernel(LAYER_NORM_KERNEL, { x, scale, offset }, {
        epsilon: EPSILON,
      }) as tf.Tensor2D;
    }
    return layerNormWithGradient(x, scale, offset) as tf.Tensor2D;
  };
}

const layerNormWithGradient = tf.customGrad((...args) => {
  const [x, scale, offset, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
  save([x, scale]);
  return {
    value: fused(layerNormValue, x, scale, offset)[0],
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => fused(layerNormGradients, dy, ...saved),
  };
});

function layerNormValue(x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor): tf.Tensor[] {
  return [tf.add(tf.mul(normalized(x).rows, scale), offset)];
}

/** Of x, scale and offset; that of x has no part along the mean and the normalised row, which do not move it. */
function layerNormGradients(dy: tf.Tensor, x: tf.Tensor, scale: tf.Tensor): tf.Tensor[] {
  const { rows, inverseDeviation } = normalized(x), dRows = tf.mul(dy, scale);
  const along = tf.add(rowMean(dRows), tf.mul(rows, rowMean(tf.mul(dRows, rows))));
  return [
    tf.mul(inverseDeviation, tf.sub(dRows, along)),
    tf.sum(tf.mul(dy, rows), 0),
    tf.sum(dy, 0),
  ];
}

function normalized(x: tf.Tensor): { rows: tf.Tensor; inverseDeviation: tf.Tensor } {
  const centered = tf.sub(x, rowMean(x));
  const inverseDeviation = tf.rsqrt(tf.add(rowMean(tf.mul(centered, centered)), EPSILON));
  return { rows: tf.mul(centered, inverseDeviation), inverseDeviation };
}

function rowMean(x: tf.Tensor): tf.Tensor {
  return tf.mean(x, 1, true);
}
