import { tf } from "@seed/core";
import { linear } from "./linear.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

/**
 * Multi-head self-attention (Vaswani et al., 2017). Names as timm's: `name.qkv`, of queries, keys and values in
 * this order, and `name.proj`.
 *
 * @returns a function of `[batch * tokens, width]` and the batch's size to the same shape.
 */
export function selfAttention(
  source: ParameterSource,
  name: string,
  { width, heads }: { width: number; heads: number },
): (x: tf.Tensor2D, batch: number) => tf.Tensor2D {
  const qkv = linear(source, `${name}.qkv`, { inputs: width, outputs: 3 * width });
  const project = linear(source, `${name}.proj`, { inputs: width, outputs: width });
  const depth = width / heads;
  return (x, batch) => {
    const tokens = x.shape[0] / batch;
    const apart = tf.transpose(tf.reshape(qkv(x), [batch, tokens, 3, heads, depth]), [2, 0, 3, 1, 4]);
    const [queries, keys, values] = [0, 1, 2].map((i) => {
      const part = tf.slice(apart, [i, 0, 0, 0, 0], [1, batch, heads, tokens, depth]);
      return tf.reshape(part, [batch * heads, tokens, depth]) as tf.Tensor3D;
    });
    // Scaled here, where there are fewer numbers than of scores.
    const scores = tf.matMul(tf.mul(queries, depth ** -0.5), keys, false, true);
    const heard = tf.reshape(tf.matMul(tf.softmax(scores), values), [batch, heads, tokens, depth]);
    return project(tf.reshape(tf.transpose(heard, [0, 2, 1, 3]), [batch * tokens, width]));
  };
}
