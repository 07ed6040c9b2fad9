import { tf } from "@seed/core";

/**
 * Means of maps, `[batch, height, width, channels]` to `[batch, channels]`, by pooling: of maps in bf16 that takes a
 * third of the time of `tf.mean` and rounds the means to bf16, of maps in fp32 as long.
 */
export function channelMeans(maps: tf.Tensor): tf.Tensor2D {
  const [batch, height, width, channels] = maps.shape;
  return tf.reshape(tf.avgPool(maps as tf.Tensor4D, [height, width], 1, "valid"), [batch, channels]);
}
