import { tf } from "@seed/core";

/** A function of every element. */
export type Activation = (x: tf.Tensor4D) => tf.Tensor4D;

/** No activation. */
export const identity: Activation = (x) => x;

/** `max(x, 0)`. */
export const relu: Activation = (x) => tf.relu(x);

/** `min(max(x, 0), 6)`. */
export const relu6: Activation = (x) => tf.relu6(x);

/**
 * `x * sigmoid(x)` (Ramachandran et al., 2017), with its gradient written out to pass over memory fewer times;
 * an engine may bring the pair as kernels of its own, `SeedSilu` and `SeedSiluGrad`.
 */
export const silu: Activation = (x) => siluWithGradient(x) as tf.Tensor4D;

const siluWithGradient = tf.customGrad((...args) => {
  const x = args[0] as tf.Tensor, save = args[1] as tf.GradSaveFunc;
  save([x]);
  const value = hasKernel("SeedSilu") ? run("SeedSilu", { x }) : tf.tidy(() => tf.mul(x, tf.sigmoid(x)));
  return { value, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => siluGradient(dy, saved[0]) };
});

/** `dy * s * (1 + x * (1 - s))` with `s = sigmoid(x)`. */
function siluGradient(dy: tf.Tensor, x: tf.Tensor): tf.Tensor {
  if (hasKernel("SeedSiluGrad")) return run("SeedSiluGrad", { dy, x });
  return tf.tidy(() => {
    const s = tf.sigmoid(x);
    return tf.mul(tf.mul(dy, s), tf.add(tf.mul(x, tf.sub(1, s)), 1));
  });
}

function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined && tf.getKernel(name, tf.getBackend()) !== null;
}

function run(kernel: string, inputs: Record<string, tf.Tensor>): tf.Tensor {
  return tf.engine().runKernel(kernel, inputs) as tf.Tensor;
}
