import type { tf } from "@seed/core";
import type { Mode } from "../layers/conv_norm.ts";
import type { Normalization } from "./normalize.ts";

/** What a transformer's features may be: its class token, or the mean of its patches. */
export type Pool = "token" | "mean";

/** A network's features, and the map that they are made of. */
export interface FeatureMaps {
  /** `[batch, featureDim]` float32. */
  readonly features: tf.Tensor2D;
  /** `[batch, rows, columns, mapDim]` float32: of each place in the picture, the last before pooling, normalised. */
  readonly patches: tf.Tensor4D;
}

/** A network without its head. */
export interface Backbone {
  /** Width of its pooled output. */
  readonly featureDim: number;
  /** Channels of its map; there if {@link maps} is. */
  readonly mapDim?: number;
  readonly normalization: Normalization;
  /** How many random numbers an image takes in training; default: none. */
  readonly noisePerImage?: number;
  /** What `features` can be told to be; default: nothing. */
  readonly pools?: readonly Pool[];
  /**
   * @param images `[batch, height, width, 3]` float32 in 0..255, RGB.
   * @param pool One of `pools`; default: as its publisher does.
   * @returns `[batch, featureDim]` float32, globally pooled: what timm calls pre-logits.
   */
  features(images: tf.Tensor4D, mode: Mode, pool?: Pool): tf.Tensor2D;
  /** Features as {@link features} gives them, with their map; there in networks that have one to give. */
  maps?(images: tf.Tensor4D, mode: Mode, pool?: Pool): FeatureMaps;
}
