import { RunError, tf } from "@seed/core";
import { constant, TRANSFORMER } from "../parameters/initializer.ts";
import type { ParameterSource } from "../parameters/parameters.ts";
import { interpolatePositions, type PositionInterpolation } from "./position_embedding.ts";

/** Rows and columns of patches. */
export type PatchGrid = readonly [rows: number, columns: number];

/** How pictures become tokens. */
export interface TokenOptions {
  /** Side of a patch in pixels. */
  readonly patch: number;
  /** Of a token. */
  readonly width: number;
  /** Tokens without a patch beside the class token (Darcet et al., ICLR 2024); default 0. */
  readonly registers?: number;
  /** Whether the first token is the class's; default true. */
  readonly classToken?: boolean;
  /** Whether patches have a bias; default true. */
  readonly patchBias?: boolean;
}

/** A position for each place that is learnt, or fixed as the source has it. */
export interface LearntPositions {
  /** Side, in patches, of the grid that the position embedding is for; what the source knows of it goes first. */
  readonly grid: number;
  /** How positions become those of pictures of another size. */
  readonly interpolation: PositionInterpolation;
  /** Whether the class token has a position too, before those of the patches; default: if there is a class token. */
  readonly classPosition?: boolean;
}

/** How many tokens come before those of the patches. */
export function leadingTokens({ classToken = true, registers = 0 }: TokenOptions): number {
  return (classToken ? 1 : 0) + registers;
}

/**
 * Pictures to tokens: the class token, registers, patches row by row. Names as timm's.
 *
 * @param positions Null: none is added.
 * @returns a function of normalised images to `[batch, tokens, width]` and their grid.
 */
export function tokenEmbedding(
  source: ParameterSource,
  options: TokenOptions,
  positions: LearntPositions | null,
): (images: tf.Tensor4D) => { tokens: tf.Tensor3D; grid: PatchGrid } {
  const { patch, width, registers = 0, classToken = true, patchBias = true } = options;
  const init = TRANSFORMER,
    token = (name: string, count: number) => source.get(name, "vector", [1, count, width], init);
  const leading = classToken ? token("cls_token", 1) : null;
  const embedding = positions && positionEmbedding(source, options, positions);
  const registerTokens = registers ? token("reg_token", registers) : null;
  const kernel = source.get("patch_embed.proj.weight", "conv", [patch, patch, 3, width], init) as tf.Tensor4D;
  const bias = patchBias ? source.get("patch_embed.proj.bias", "vector", [width], constant(0)) : null;
  return (images) => {
    const [batch, height] = images.shape;
    const grid = [patchesIn(height, patch), patchesIn(images.shape[2], patch)] as const;
    const patches = tf.conv2d(images, kernel, patch, "valid");
    const rows = tf.reshape(bias ? tf.add(patches, bias) : patches, [batch, grid[0] * grid[1], width]);
    const { first, others } = embedding?.(grid) ?? { first: null, others: null };
    const prefix = [leading && first ? tf.add(leading, first) : leading, registerTokens]
      .filter((one) => one !== null);
    const tokens = [
      ...prefix.map((one) => tf.tile(one, [batch, 1, 1])),
      others ? tf.add(rows, others) : rows,
    ];
    return { tokens: (tokens.length === 1 ? tokens[0] : tf.concat(tokens, 1)) as tf.Tensor3D, grid };
  };
}

function patchesIn(side: number, patch: number): number {
  const problem = patchProblem(side, patch);
  if (problem) throw new RunError(`${problem}; set the size of the views, or the teacher's input_size`);
  return side / patch;
}

/** What is wrong with pictures of a side that does not divide into patches; null if it does. */
export function patchProblem(side: number, patch: number): string | null {
  if (side % patch === 0) return null;
  const nearest = Math.max(patch, patch * Math.round(side / patch));
  return `A side of ${side} pixels does not divide into patches of ${patch}; the nearest that does is ${nearest}`;
}

/** The class token's position, if it has one, and those of a grid's patches, `[patches, width]`. */
function positionEmbedding(
  source: ParameterSource,
  { width, classToken = true }: TokenOptions,
  { grid, interpolation, classPosition = classToken }: LearntPositions,
): (grid: PatchGrid) => { first: tf.Tensor | null; others: tf.Tensor2D } {
  const extra = classPosition ? 1 : 0;
  // A file's pictures may have had another size; a count that is no square does not fit, which the source tells.
  // Neither does one of another width, or beside a zero, which would take memory for values that the file has not.
  const shape = source.shapeOf?.("pos_embed") ?? [];
  const known = shape.at(-1) === width ? shape.slice(0, -1).reduce((a, b) => a * b, 1) : 0;
  const side = known > extra ? Math.round(Math.sqrt(known - extra)) : grid;
  const count = side * side + extra;
  const all = source.get("pos_embed", "vector", [1, count, width], TRANSFORMER);
  const part = (start: number, size: number) => tf.slice(all, [0, start, 0], [1, size, width]);
  return (grid) => ({
    first: classPosition ? part(0, 1) : null,
    others: interpolatePositions(
      tf.reshape(part(extra, side * side), [side * side, width]),
      grid,
      interpolation,
    ),
  });
}
