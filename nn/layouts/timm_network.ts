import type { BlockOptions } from "../layers/transformer_block.ts";
import type { Build } from "./layout.ts";
import type { LearntPositions } from "../layers/token_embedding.ts";
import {
  visionTransformer,
  type VisionTransformerOptions,
  type VisionTransformerSize,
} from "../backbones/vision_transformer.ts";

/** What a vision transformer is whoever publishes it. */
export type TimmNetwork =
  & VisionTransformerSize
  & Readonly<BlockOptions>
  & Pick<LearntPositions, "grid">
  & Pick<VisionTransformerOptions, "dropPath">;

/** Builds a vision transformer. */
export function buildOf(options: VisionTransformerOptions): Build {
  return (source, normalization) => visionTransformer(source, options, normalization);
}

/** How many blocks one has, if its size does not say. */
export function depthOf({ depth = 12 }: VisionTransformerSize): number {
  return depth;
}
