import { fused, type FusedBody, tf } from "@seed/core";

/** A function of every element. */
export type Activation = (x: tf.Tensor4D) => tf.Tensor4D;

/** No activation. */
export const identity: Activation = (x) => x;

/** `max(x, 0)`. */
export const relu: Activation = (x) => tf.relu(x);

/** `min(max(x, 0), 6)`. */
export const relu6: Activation = (x) => tf.relu6(x);

/** `1 / (1 + exp(-x))`. */
export const sigmoid: Activation = (x) => tf.sigmoid(x);

/** `relu6(x + 3) / 6`: a sigmoid of straight lines (Howard et al., ICCV 2019). */
export const hardSigmoid: Activation = (x) => tf.mul(tf.relu6(tf.add(x, 3) as tf.Tensor4D), 1 / 6);

/**
 * `x * sigmoid(x)` (Ramachandran et al., 2017), with its gradient written out: the value and the gradient are one
 * pass over memory each where the engine fuses.
 */
export const silu: Activation = (x) => siluWithGradient(x) as tf.Tensor4D;

const siluWithGradient = withGradient(siluValue, siluGradient);

function siluValue(x: tf.Tensor): tf.Tensor[] {
  return [tf.mul(x, tf.sigmoid(x))];
}

/** `dy * s * (1 + x * (1 - s))` with `s = sigmoid(x)`. */
function siluGradient(dy: tf.Tensor, x: tf.Tensor): tf.Tensor[] {
  const s = tf.sigmoid(x);
  return [tf.mul(tf.mul(dy, s), tf.add(tf.mul(x, tf.sub(1, s)), 1))];
}

/** `x * relu6(x + 3) / 6` (Howard et al., ICCV 2019, section 5.2), with its gradient written out like {@link silu}'s. */
export const hardSwish: Activation = (x) => hardSwishWithGradient(x) as tf.Tensor4D;

const hardSwishWithGradient = withGradient(hardSwishValue, hardSwishGradient);

function hardSwishValue(x: tf.Tensor): tf.Tensor[] {
  return [tf.mul(tf.mul(x, tf.relu6(tf.add(x, 3))), 1 / 6)];
}

/** `dy * (h + x * inside) / 6` with `h = relu6(x + 3)` and `inside` 1 where `h` is neither 0 nor 6. */
function hardSwishGradient(dy: tf.Tensor, x: tf.Tensor): tf.Tensor[] {
  const h = tf.relu6(tf.add(x, 3));
  const inside = tf.cast(tf.greater(tf.mul(h, tf.sub(6, h)), 0), "float32");
  return [tf.mul(tf.mul(dy, tf.add(h, tf.mul(x, inside))), 1 / 6)];
}

/** `x * P(X <= x)` for a standard normal `X`, exactly, not by its approximations (Hendrycks & Gimpel, 2016). */
export function gelu<T extends tf.Tensor>(x: T): T {
  return geluWithGradient(x) as T;
}

const geluWithGradient = withGradient(geluValue, geluGradient);

function geluValue(x: tf.Tensor): tf.Tensor[] {
  return [tf.mul(x, normalShare(x))];
}

/** `dy * (share + x * density)`. */
function geluGradient(dy: tf.Tensor, x: tf.Tensor): tf.Tensor[] {
  const density = tf.mul(tf.exp(tf.mul(tf.mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return [tf.mul(dy, tf.add(normalShare(x), tf.mul(x, density)))];
}

/** Below -5.5 it is zero: there `1 + erf` is rounding alone, which the factor `x` would make large. */
function normalShare(x: tf.Tensor): tf.Tensor {
  const share = tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
  return tf.mul(share, tf.cast(tf.greater(x, -5.5), "float32"));
}

/** A function whose gradient is computed from its input; value and gradient are one operation each where the engine fuses. */
function withGradient(value: FusedBody, gradient: FusedBody): (x: tf.Tensor) => tf.Tensor {
  return tf.customGrad((...args) => {
    const [x, save] = args as [tf.Tensor, tf.GradSaveFunc];
    save([x]);
    return {
      value: fused(value, x)[0],
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => fused(gradient, dy, saved[0])[0],
    };
  });
}
