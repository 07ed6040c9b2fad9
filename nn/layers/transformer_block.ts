import { tf } from "@seed/core";
import { type AttentionOptions, selfAttention } from "./attention.ts";
import { constant } from "../parameters/initializer.ts";
import { layerNorm } from "./layer_norm.ts";
import type { ParameterSource } from "../parameters/parameters.ts";
import { perceptron, type PerceptronOptions } from "./perceptron.ts";
import type { Rotation } from "./rotary.ts";

/** Shape of a block. */
export interface BlockOptions extends AttentionOptions, PerceptronOptions {
  /** Added to the variance by norms; default 1e-6. */
  epsilon?: number;
  /**
   * Whether what a block adds is scaled (LayerScale; Touvron et al., ICCV 2021), and under which names: `ls`,
   * `name.ls1.gamma`, or `gamma`, `name.gamma_1` (timm's EVA). Default: `none`.
   */
  layerScale?: "none" | "ls" | "gamma";
}

/** What becomes of a block's two parts before they are added, in training. */
export type OnParts = readonly [ofAttention: Part, ofPerceptron: Part];

type Part = (x: tf.Tensor2D) => tf.Tensor2D;

const asTheyAre: OnParts = [(x) => x, (x) => x];

/** Attention, then a perceptron of two layers, each on the normalised tokens and added to them. */
export function transformerBlock(
  source: ParameterSource,
  name: string,
  options: BlockOptions,
): (x: tf.Tensor2D, batch: number, rotate?: Rotation, onParts?: OnParts) => tf.Tensor2D {
  const { width, epsilon, layerScale = "none" } = options;
  const scaled = (part: 1 | 2): Part => {
    if (layerScale === "none") return (x) => x;
    const gammaName = layerScale === "ls" ? `ls${part}.gamma` : `gamma_${part}`;
    const gamma = source.get(`${name}.${gammaName}`, "vector", [width], constant(1e-5));
    return (x) => tf.mul(x, gamma);
  };
  const norm1 = layerNorm(source, `${name}.norm1`, width, epsilon);
  const attention = selfAttention(source, `${name}.attn`, options);
  const scale1 = scaled(1);
  const norm2 = layerNorm(source, `${name}.norm2`, width, epsilon);
  const each = perceptron(source, `${name}.mlp`, options);
  const scale2 = scaled(2);
  return (x, batch, rotate, [onAttention, onPerceptron] = asTheyAre) => {
    const attended = tf.add(x, onAttention(scale1(attention(norm1(x), batch, rotate)))) as tf.Tensor2D;
    return tf.add(attended, onPerceptron(scale2(each(norm2(attended)))));
  };
}
