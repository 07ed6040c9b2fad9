import { tf } from "@seed/core";
import { attentionPool } from "../layers/attention_pool.ts";
import type { Backbone, Pool } from "./backbone.ts";
import type { Mode } from "../layers/conv_norm.ts";
import { DropPaths, risingRate } from "../layers/drop_paths.ts";
import { layerNorm } from "../layers/layer_norm.ts";
import { type Normalization, normalize } from "./normalize.ts";
import type { ParameterSource } from "../parameters/parameters.ts";
import { rotaryPeriods, type Rotation, rotation } from "../layers/rotary.ts";
import {
  leadingTokens,
  type LearntPositions,
  type PatchGrid,
  tokenEmbedding,
  type TokenOptions,
} from "../layers/token_embedding.ts";
import { type BlockOptions, transformerBlock } from "../layers/transformer_block.ts";

/** Size of a vision transformer. */
export interface VisionTransformerSize {
  /** Side of a patch in pixels. */
  readonly patch: number;
  /** Of a token. */
  readonly width: number;
  /** Of the attention. */
  readonly heads: number;
  /** Number of blocks; default 12. */
  readonly depth?: number;
}

/** Positions by turning queries and keys, none learnt. */
export interface RotaryPositions {
  /** Of the periods, where the source does not have those (`rope_embed.periods`). */
  readonly rotaryBase: number;
}

/** In what publishers' vision transformers differ; a layout of weights says which it is. */
export type VisionTransformerOptions =
  & VisionTransformerSize
  & TokenOptions
  & Readonly<BlockOptions>
  & (LearntPositions | RotaryPositions)
  & {
    /** Whether tokens are normalised before the first block, under the name `norm_pre` (CLIP); default false. */
    readonly preNorm?: boolean;
    /** What the features are. `attention`: {@link attentionPool}, named `attn_pool`. Default: the class token. */
    readonly pool?: Pool | "attention";
    /** How often what the last block adds is dropped in training, of blocks before it less; default 0. */
    readonly dropPath?: number;
  };

const DEPTH = 12, EPSILON = 1e-6;

/**
 * A vision transformer (Dosovitskiy et al., ICLR 2021) with timm's names. Its features are the class token after
 * the last norm, if the options say nothing else.
 */
export function visionTransformer(
  source: ParameterSource,
  options: VisionTransformerOptions,
  normalization: Normalization,
): Backbone {
  const { width, heads, depth = DEPTH, epsilon = EPSILON, classToken = true, preNorm = false } = options;
  const { pool: own = "token" } = options, leading = leadingTokens(options);
  const embed = tokenEmbedding(source, options, "rotaryBase" in options ? null : options);
  const rotate = rotationOf(source, options);
  const before = preNorm ? layerNorm(source, "norm_pre", width, epsilon) : (x: tf.Tensor2D) => x;
  const drops = new DropPaths(source);
  const blocks = Array.from({ length: depth }, (_, i) => droppingBlock(source, i, options, drops));
  const norm = layerNorm(source, "norm", width, epsilon);
  const attention = own === "attention"
    ? attentionPool(source, "attn_pool", { ...options, heads, epsilon })
    : null;

  /** What comes out of the last block, `[batch, tokens, width]`. */
  const run = (images: tf.Tensor4D, mode: Mode) => {
    const { tokens, grid } = embed(normalize(images, normalization)), [batch, count] = tokens.shape;
    const rows = before(tf.reshape(tokens, [batch * count, width])), turn = rotate(grid);
    const last = blocks.reduce((x, block) => block(x, batch, turn, mode), rows);
    return { last: tf.reshape(last, [batch, count, width]) as tf.Tensor3D, grid };
  };
  /** Some tokens, normalised. */
  const normed = (tokens: tf.Tensor3D, start: number, count = tokens.shape[1] - start) => {
    const [batch] = tokens.shape, some = tf.slice(tokens, [0, start, 0], [batch, count, width]);
    return tf.reshape(norm(tf.reshape(some, [batch * count, width])), [batch, count, width]) as tf.Tensor3D;
  };
  const pooled = (last: tf.Tensor3D, pool: Pool | "attention"): tf.Tensor2D => {
    if (pool === "attention") return attention!(normed(last, 0));
    if (pool === "mean") return tf.mean(normed(last, leading), 1);
    return tf.reshape(normed(last, 0, 1), [last.shape[0], width]);
  };
  return {
    featureDim: width,
    mapDim: width,
    normalization,
    pools: classToken ? ["token", "mean"] : ["mean"],
    noisePerImage: drops.noisePerImage,
    features: (images, mode, pool) => pooled(run(images, mode).last, pool ?? own),
    maps(images, mode, pool) {
      const { last, grid } = run(images, mode), [batch] = images.shape;
      return {
        features: pooled(last, pool ?? own),
        patches: tf.reshape(normed(last, leading), [batch, ...grid, width]),
      };
    },
  };
}

/** The block of a number. */
function droppingBlock(
  source: ParameterSource,
  number: number,
  options: VisionTransformerOptions,
  drops: DropPaths,
): (x: tf.Tensor2D, batch: number, turn: Rotation | undefined, mode: Mode) => tf.Tensor2D {
  const { depth = DEPTH, dropPath = 0 } = options, name = `blocks.${number}`;
  const block = transformerBlock(source, name, options), rate = risingRate(dropPath, number, depth);
  const [onAttention, onPerceptron] = ["attn.proj", "mlp.fc2"].map((last) =>
    drops.next(rate, `${name}.${last}.weight`)
  );
  return (x, batch, turn, mode) =>
    block(x, batch, turn, [(part) => onAttention(part, mode), (part) => onPerceptron(part, mode)]);
}

/** What turns queries and keys, by the grid of patches. */
function rotationOf(
  source: ParameterSource,
  options: VisionTransformerOptions,
): (grid: PatchGrid) => Rotation | undefined {
  if (!("rotaryBase" in options)) return () => undefined;
  const { width, heads, rotaryBase } = options, depth = width / heads;
  const periods = source.numbers?.("rope_embed.periods", depth / 4) ?? rotaryPeriods(depth, rotaryBase);
  return (grid) => rotation(grid, periods, leadingTokens(options));
}
