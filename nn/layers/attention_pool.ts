import { tf } from "@seed/core";
import { attend } from "./attention.ts";
import { layerNorm } from "./layer_norm.ts";
import { linear } from "./linear.ts";
import { normal } from "../parameters/initializer.ts";
import type { ParameterSource } from "../parameters/parameters.ts";
import { perceptron, type PerceptronOptions } from "./perceptron.ts";

/**
 * Pools tokens by the attention of one learnt query, and a perceptron after it (Zhai et al., CVPR 2022; SigLIP's).
 * Names as timm's `AttentionPoolLatent`.
 *
 * @returns a function of `[batch, tokens, width]` to `[batch, width]`.
 */
export function attentionPool(
  source: ParameterSource,
  name: string,
  options: PerceptronOptions & { heads: number; epsilon: number },
): (tokens: tf.Tensor3D) => tf.Tensor2D {
  const { width, heads, epsilon } = options, depth = width / heads;
  const latent = source.get(`${name}.latent`, "vector", [1, 1, width], normal(width ** -0.5));
  const query = linear(source, `${name}.q`, { inputs: width, outputs: width });
  const keysAndValues = linear(source, `${name}.kv`, { inputs: width, outputs: 2 * width });
  const project = linear(source, `${name}.proj`, { inputs: width, outputs: width });
  const norm = layerNorm(source, `${name}.norm`, width, epsilon);
  const refine = perceptron(source, `${name}.mlp`, options);
  return (tokens) => {
    const [batch, count] = tokens.shape, rows = batch * heads;
    const latents = tf.tile(tf.reshape(latent, [1, width]), [batch, 1]) as tf.Tensor2D;
    const queries = tf.reshape(query(latents), [rows, 1, depth]) as tf.Tensor3D;
    const both = tf.reshape(keysAndValues(tf.reshape(tokens, [batch * count, width])), [
      ...[batch, count, 2, heads, depth],
    ]);
    const apart = tf.transpose(both, [2, 0, 3, 1, 4]);
    const part = (i: number) => {
      const one = tf.slice(apart, [i, 0, 0, 0, 0], [1, batch, heads, count, depth]);
      return tf.reshape(one, [rows, count, depth]) as tf.Tensor3D;
    };
    const pooled = project(tf.reshape(attend(queries, part(0), part(1)), [batch, width]));
    return tf.add(pooled, refine(norm(pooled)));
  };
}
