import { fused, type FusedBody, hasKernel, LAYER_NORM_KERNEL, tf } from "@seed/core";
import { constant } from "../parameters/initializer.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

/** What most vision transformers add to the variance. */
const EPSILON = 1e-6;

/**
 * Normalises each row to mean 0 and variance 1, then scales and shifts its columns (Ba et al., 2016). Names as
 * PyTorch's: `name.weight`, `name.bias`.
 *
 * @param epsilon Added to the variance.
 * @returns a function of `[rows, channels]` to the same shape; value and gradients are one operation each where the
 *   engine fuses.
 */
export function layerNorm(
  source: ParameterSource,
  name: string,
  channels: number,
  epsilon = EPSILON,
): (x: tf.Tensor2D) => tf.Tensor2D {
  const scale = source.get(`${name}.weight`, "vector", [channels], constant(1));
  const offset = source.get(`${name}.bias`, "vector", [channels], constant(0));
  return (x) => {
    // One operation on the backend that records networks.
    if (hasKernel(LAYER_NORM_KERNEL)) {
      return tf.engine().runKernel(LAYER_NORM_KERNEL, { x, scale, offset }, { epsilon }) as tf.Tensor2D;
    }
    return layerNormWithGradient(epsilon)(x, scale, offset) as tf.Tensor2D;
  };
}

/** By epsilon. */
const made = new Map<number, ReturnType<typeof tf.customGrad>>();

function layerNormWithGradient(epsilon: number): ReturnType<typeof tf.customGrad> {
  const known = made.get(epsilon);
  if (known) return known;
  const value = layerNormValue(epsilon), gradients = layerNormGradients(epsilon);
  const norm = tf.customGrad((...args) => {
    const [x, scale, offset, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([x, scale]);
    return {
      value: fused(value, x, scale, offset)[0],
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => fused(gradients, dy, ...saved),
    };
  });
  made.set(epsilon, norm);
  return norm;
}

function layerNormValue(epsilon: number): FusedBody {
  return (x, scale, offset) => [tf.add(tf.mul(normalized(x, epsilon).rows, scale), offset)];
}

/** Of x, scale and offset; that of x has no part along the mean and the normalised row, which do not move it. */
function layerNormGradients(epsilon: number): FusedBody {
  return (dy, x, scale) => {
    const { rows, inverseDeviation } = normalized(x, epsilon), dRows = tf.mul(dy, scale);
    const along = tf.add(rowMean(dRows), tf.mul(rows, rowMean(tf.mul(dRows, rows))));
    return [
      tf.mul(inverseDeviation, tf.sub(dRows, along)),
      tf.sum(tf.mul(dy, rows), 0),
      tf.sum(dy, 0),
    ];
  };
}

function normalized(x: tf.Tensor, epsilon: number): { rows: tf.Tensor; inverseDeviation: tf.Tensor } {
  const centered = tf.sub(x, rowMean(x));
  const inverseDeviation = tf.rsqrt(tf.add(rowMean(tf.mul(centered, centered)), epsilon));
  return { rows: tf.mul(centered, inverseDeviation), inverseDeviation };
}

function rowMean(x: tf.Tensor): tf.Tensor {
  return tf.mean(x, 1, true);
}
