import { RunError, tf } from "@seed/core";
import { gelu } from "../layers/activation.ts";
import { selfAttention } from "../layers/attention.ts";
import type { Backbone } from "./backbone.ts";
import { constant, normal } from "../parameters/initializer.ts";
import { layerNorm } from "../layers/layer_norm.ts";
import { linear } from "../layers/linear.ts";
import { type Normalization, normalize } from "./normalize.ts";
import type { ParameterSource } from "../parameters/parameters.ts";
import { interpolatePositions, type PositionInterpolation } from "../layers/position_embedding.ts";

/** Size of a vision transformer of twelve blocks. */
export interface VisionTransformerSize {
  /** Side of a patch in pixels. */
  readonly patch: number;
  /** Of a token. */
  readonly width: number;
  /** Of the attention. */
  readonly heads: number;
}

/** In what publishers' vision transformers differ; a layout of weights says which it is. */
export interface VisionTransformerOptions extends VisionTransformerSize {
  /** Side, in patches, of the grid that the position embedding is for; what the source knows of it goes first. */
  readonly grid: number;
  /** How positions become those of pictures of another size. */
  readonly interpolation: PositionInterpolation;
  /** Whether what a block adds is scaled (LayerScale; Touvron et al., ICCV 2021); default false. */
  readonly layerScale?: boolean;
  /** Tokens without a patch beside the class token (Darcet et al., ICLR 2024); default 0. */
  readonly registers?: number;
  /** Whether the class token has a position too, before those of the patches; default true. */
  readonly classPosition?: boolean;
}

const DEPTH = 12, MLP_RATIO = 4;
/** Standard deviation that tokens, positions and linear layers start with. */
const DEVIATION = 0.02;

/**
 * A vision transformer (Dosovitskiy et al., ICLR 2021) with timm's names. Its features are the class token after
 * the last norm. Without dropout and stochastic depth: it is for frozen weights.
 */
export function visionTransformer(
  source: ParameterSource,
  options: VisionTransformerOptions,
  normalization: Normalization,
): Backbone {
  const { width } = options;
  const embed = tokenEmbedding(source, options);
  const blocks = Array.from({ length: DEPTH }, (_, i) => block(source, `blocks.${i}`, options));
  const norm = layerNorm(source, "norm", width);
  return {
    featureDim: width,
    normalization,
    features(images) {
      const [batch] = images.shape, tokens = embed(normalize(images, normalization));
      const count = tokens.shape[1], rows = tf.reshape(tokens, [batch * count, width]) as tf.Tensor2D;
      const last = tf.reshape(blocks.reduce((x, block) => block(x, batch), rows), [batch, count, width]);
      return norm(tf.reshape(tf.slice(last, [0, 0, 0], [batch, 1, width]), [batch, width]));
    },
  };
}

/** Pictures to tokens, `[batch, 1 + registers + patches, width]`. */
function tokenEmbedding(
  source: ParameterSource,
  options: VisionTransformerOptions,
): (images: tf.Tensor4D) => tf.Tensor3D {
  const { patch, width, registers = 0, interpolation } = options, init = normal(DEVIATION);
  const classToken = source.get("cls_token", "vector", [1, 1, width], init);
  const positions = positionEmbedding(source, options);
  const registerTokens = registers ? source.get("reg_token", "vector", [1, registers, width], init) : null;
  const kernel = source.get("patch_embed.proj.weight", "conv", [patch, patch, 3, width], init) as tf.Tensor4D;
  const bias = source.get("patch_embed.proj.bias", "vector", [width], constant(0));
  return (images) => {
    const [batch, height] = images.shape;
    const grid = [patchesIn(height, patch), patchesIn(images.shape[2], patch)] as const;
    const patches = tf.add(tf.conv2d(images, kernel, patch, "valid"), bias);
    const { first, others } = positions();
    const placed = tf.add(
      tf.reshape(patches, [batch, grid[0] * grid[1], width]),
      interpolatePositions(others, grid, interpolation),
    );
    const leading = first ? tf.add(classToken, first) : classToken;
    const prefix = registerTokens ? tf.concat([leading, registerTokens], 1) : leading;
    return tf.concat([tf.tile(prefix, [batch, 1, 1]), placed], 1) as tf.Tensor3D;
  };
}

function patchesIn(side: number, patch: number): number {
  const problem = patchProblem(side, patch);
  if (problem) throw new RunError(`${problem}; set the size of the views, or the teacher's input_size`);
  return side / patch;
}

/** The class token's position, if it has one, and the patches', `[side * side, width]`. */
function positionEmbedding(
  source: ParameterSource,
  { width, grid, classPosition = true }: VisionTransformerOptions,
): () => { first: tf.Tensor | null; others: tf.Tensor2D } {
  const extra = classPosition ? 1 : 0;
  // A file's pictures may have had another size; a count that is no square does not fit, which the source tells.
  const known = source.shapeOf?.("pos_embed")?.[1],
    side = known ? Math.round(Math.sqrt(known - extra)) : grid;
  const count = side * side + extra;
  const all = source.get("pos_embed", "vector", [1, count, width], normal(DEVIATION));
  const part = (start: number, size: number) => tf.slice(all, [0, start, 0], [1, size, width]);
  return () => ({
    first: classPosition ? part(0, 1) : null,
    others: tf.reshape(part(extra, side * side), [side * side, width]),
  });
}

/** Attention, then a perceptron of two layers, each on the normalised tokens and added to them. */
function block(
  source: ParameterSource,
  name: string,
  { width, heads, layerScale = false }: VisionTransformerOptions,
): (x: tf.Tensor2D, batch: number) => tf.Tensor2D {
  const scaled = (part: string): (x: tf.Tensor2D) => tf.Tensor2D => {
    if (!layerScale) return (x) => x;
    const gamma = source.get(`${name}.${part}.gamma`, "vector", [width], constant(1e-5));
    return (x) => tf.mul(x, gamma);
  };
  const norm1 = layerNorm(source, `${name}.norm1`, width);
  const attention = selfAttention(source, `${name}.attn`, { width, heads });
  const scale1 = scaled("ls1");
  const norm2 = layerNorm(source, `${name}.norm2`, width);
  const widen = linear(source, `${name}.mlp.fc1`, { inputs: width, outputs: MLP_RATIO * width });
  const narrow = linear(source, `${name}.mlp.fc2`, { inputs: MLP_RATIO * width, outputs: width });
  const scale2 = scaled("ls2");
  return (x, batch) => {
    const attended = tf.add(x, scale1(attention(norm1(x), batch))) as tf.Tensor2D;
    return tf.add(attended, scale2(narrow(gelu(widen(norm2(attended))))));
  };
}

/** What is wrong with pictures of a side that does not divide into patches; null if it does. */
export function patchProblem(side: number, patch: number): string | null {
  if (side % patch === 0) return null;
  const nearest = Math.max(patch, patch * Math.round(side / patch));
  return `A side of ${side} pixels does not divide into patches of ${patch}; the nearest that does is ${nearest}`;
}
