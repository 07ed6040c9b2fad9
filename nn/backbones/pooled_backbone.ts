import { tf } from "@seed/core";
import type { ModalLayer, Mode } from "../layers/conv_norm.ts";
import type { Backbone } from "./backbone.ts";
import { type Normalization, normalize } from "./normalize.ts";

/** A network whose features are made of its last map. */
export interface PooledNetwork {
  /** From pixels to the last map, one after the other. */
  readonly layers: readonly ModalLayer[];
  readonly normalization: Normalization;
  readonly featureDim: number;
  /** Channels of the map; default: as many as features. */
  readonly mapDim?: number;
  readonly noisePerImage?: number;
  /** Makes features of the map; default: its mean over all places. */
  pool?(map: tf.Tensor4D, mode: Mode): tf.Tensor2D;
}

/** The backbone of a convolutional network: its features, and on demand the map that they are of. */
export function pooledBackbone(network: PooledNetwork): Backbone {
  const { layers, normalization, featureDim, mapDim = featureDim, noisePerImage } = network;
  const { pool = (map) => tf.mean(map, [1, 2]) as tf.Tensor2D } = network;
  const run = (images: tf.Tensor4D, mode: Mode) =>
    layers.reduce((x, layer) => layer(x, mode), normalize(images, normalization));
  return {
    ...{ featureDim, mapDim, normalization, noisePerImage },
    features: (images, mode) => pool(run(images, mode), mode),
    maps(images, mode) {
      const patches = run(images, mode);
      return { features: pool(patches, mode), patches };
    },
  };
}
