import type { tf } from "@seed/core";
import type { Mode } from "./conv_norm.ts";
import { dropPath } from "./dropout.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

/** What a block adds to its input, or nothing for images that their noise says; the same in evaluation. */
export type DropPath = <T extends tf.Tensor>(part: T, mode: Mode) => T;

/** Stochastic depth of a network's blocks, each with random numbers of its own. */
export class DropPaths {
  #columns = 0;

  constructor(private readonly source: ParameterSource) {}

  /** How many random numbers an image takes in training. */
  get noisePerImage(): number {
    return this.#columns;
  }

  /**
   * Makes the next one.
   *
   * @param rate How often what the block adds is dropped in training.
   * @param weight The last of the values that it is computed with: where training leaves that as it is, nothing is
   *   dropped.
   */
  next(rate: number, weight: string): DropPath {
    if (rate <= 0) return (part) => part;
    const column = this.#columns++;
    if (this.source.isFrozen?.(weight)) return (part) => part;
    return (part, { training, noise }) => training && noise ? dropPath(part, noise, { column, rate }) : part;
  }
}

/** Rates of blocks from 0 at the first to that of the last, as timm's transformers and ConvNeXts have them. */
export function risingRate(rate: number, block: number, blocks: number): number {
  return blocks > 1 ? rate * block / (blocks - 1) : 0;
}
