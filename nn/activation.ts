import { fused, tf } from "@seed/core";

/** A function of every element. */
export type Activation = (x: tf.Tensor4D) => tf.Tensor4D;

/** No activation. */
export const identity: Activation = (x) => x;

/** `max(x, 0)`. */
export const relu: Activation = (x) => tf.relu(x);

/** `min(max(x, 0), 6)`. */
export const relu6: Activation = (x) => tf.relu6(x);

/**
 * `x * sigmoid(x)` (Ramachandran et al., 2017), with its gradient written out: the value and the gradient are one
 * pass over memory each where the engine fuses.
 */
export const silu: Activation = (x) => siluWithGradient(x) as tf.Tensor4D;

const siluWithGradient = tf.customGrad((...args) => {
  const [x, save] = args as [tf.Tensor, tf.GradSaveFunc];
  save([x]);
  return {
    value: fused(siluValue, x)[0],
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => fused(siluGradient, dy, saved[0])[0],
  };
});

function siluValue(x: tf.Tensor): tf.Tensor[] {
  return [tf.mul(x, tf.sigmoid(x))];
}

/** `dy * s * (1 + x * (1 - s))` with `s = sigmoid(x)`. */
function siluGradient(dy: tf.Tensor, x: tf.Tensor): tf.Tensor[] {
  const s = tf.sigmoid(x);
  return [tf.mul(tf.mul(dy, s), tf.add(tf.mul(x, tf.sub(1, s)), 1))];
}
