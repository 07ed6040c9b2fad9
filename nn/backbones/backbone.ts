import type { tf } from "@seed/core";
import type { Mode } from "../layers/conv_norm.ts";
import type { Normalization } from "./normalize.ts";

/** A network without its head. */
export interface Backbone {
  /** Width of its pooled output. */
  readonly featureDim: number;
  readonly normalization: Normalization;
  /** How many random numbers an image takes in training; default: none. */
  readonly noisePerImage?: number;
  /**
   * @param images `[batch, height, width, 3]` float32 in 0..255, RGB.
   * @returns `[batch, featureDim]` float32, globally pooled: what timm calls pre-logits.
   */
  features(images: tf.Tensor4D, mode: Mode): tf.Tensor2D;
}
