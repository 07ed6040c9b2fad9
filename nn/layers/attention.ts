import { tf } from "@seed/core";
import { constant, TRANSFORMER } from "../parameters/initializer.ts";
import { linear, linearWithoutBias } from "./linear.ts";
import type { ParameterSource } from "../parameters/parameters.ts";
import type { Rotation } from "./rotary.ts";

/** Shape of an attention. */
export interface AttentionOptions {
  width: number;
  heads: number;
  /**
   * Where queries, keys and values have a bias. `no keys`: `name.q_bias` and `name.v_bias`, both or neither as the
   * source has them (timm's EVA; DINOv3 masks that of its keys). Default: `all`.
   */
  bias?: "all" | "no keys";
}

/**
 * Multi-head self-attention (Vaswani et al., 2017). Names as timm's: `name.qkv`, of queries, keys and values in
 * this order, and `name.proj`.
 *
 * @returns a function of `[batch * tokens, width]`, the batch's size and what turns queries and keys to the same shape.
 */
export function selfAttention(
  source: ParameterSource,
  name: string,
  { width, heads, bias = "all" }: AttentionOptions,
): (x: tf.Tensor2D, batch: number, rotate?: Rotation) => tf.Tensor2D {
  const qkv = bias === "all"
    ? linear(source, `${name}.qkv`, { inputs: width, outputs: 3 * width, init: TRANSFORMER })
    : withoutKeyBias(source, name, width);
  const project = linear(source, `${name}.proj`, { inputs: width, outputs: width, init: TRANSFORMER });
  const depth = width / heads;
  return (x, batch, rotate = (x) => x) => {
    const tokens = x.shape[0] / batch, rows = batch * heads;
    const apart = tf.transpose(tf.reshape(qkv(x), [batch, tokens, 3, heads, depth]), [2, 0, 3, 1, 4]);
    const part = (i: number) => {
      const one = tf.slice(apart, [i, 0, 0, 0, 0], [1, batch, heads, tokens, depth]);
      return tf.reshape(one, [rows, tokens, depth]) as tf.Tensor3D;
    };
    const heard = attend(rotate(part(0)), rotate(part(1)), part(2));
    const together = tf.transpose(tf.reshape(heard, [batch, heads, tokens, depth]), [0, 2, 1, 3]);
    return project(tf.reshape(together, [batch * tokens, width]));
  };
}

/** Means of values, weighted by how queries meet keys, each `[n, tokens, depth]`. */
export function attend(queries: tf.Tensor3D, keys: tf.Tensor3D, values: tf.Tensor3D): tf.Tensor3D {
  // Scaled here, where there are fewer numbers than of scores.
  const scores = tf.matMul(tf.mul(queries, queries.shape[2] ** -0.5), keys, false, true);
  return tf.matMul(tf.softmax(scores), values) as tf.Tensor3D;
}

/** The linear layer of queries, keys and values, with a bias for queries and values if the source has one. */
function withoutKeyBias(
  source: ParameterSource,
  name: string,
  width: number,
): (x: tf.Tensor2D) => tf.Tensor2D {
  const isBiased = source.shapeOf === undefined || source.shapeOf(`${name}.q_bias`) !== undefined;
  const [queries, values] = isBiased
    ? ["q_bias", "v_bias"].map((part) => source.get(`${name}.${part}`, "vector", [width], constant(0)))
    : [];
  const qkv = linearWithoutBias(source, `${name}.qkv`, { inputs: width, outputs: 3 * width });
  if (!isBiased) return qkv;
  return (x) => tf.add(qkv(x), tf.concat([queries, tf.zeros([width]), values]));
}
