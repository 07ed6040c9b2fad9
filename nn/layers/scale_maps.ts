import { fused, tf } from "@seed/core";

/**
 * Maps times factors that broadcast to them, in one pass that leaves the maps in the precision that they are in. Has no
 * gradient of its own.
 */
export function scaleMaps(maps: tf.Tensor, factors: tf.Tensor): tf.Tensor {
  return fused(multiply, maps, factors)[0];
}

function multiply(maps: tf.Tensor, factors: tf.Tensor): tf.Tensor[] {
  return [tf.mul(maps, factors)];
}
