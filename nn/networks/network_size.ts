import type { ParameterKind, tf } from "@seed/core";
import type { Backbone, Pool } from "../backbones/backbone.ts";
import type { Initializer } from "../parameters/initializer.ts";
import type { Network } from "./networks.ts";
import type { ParameterSource } from "../parameters/parameters.ts";
import { countMacs, shapeOnly } from "./shape_backend.ts";

/** How large a network is, without classifier and projection head. */
export interface NetworkSize {
  /** Trainable values. */
  parameters: number;
  /** Multiply-accumulates of convolutions and matrix products for one picture. */
  macs: number;
  featureDim: number;
}

/** Hands out values without content, and counts them; only while networks run on shapes. */
export class CountingParameters implements ParameterSource {
  readonly frozen = false;
  readonly parameters = [];
  count = 0;

  get(
    _name: string,
    _kind: ParameterKind,
    shape: readonly number[],
    _init: Initializer,
    trainable = true,
  ): tf.Tensor {
    if (trainable) this.count += shape.reduce((a, b) => a * b, 1);
    return shapeOnly(shape);
  }
}

type Buildable = Pick<Network, "build" | "normalization">;

/** Width of a network's pooled features, found by building it on shapes alone. */
export function featureDimOf(network: Buildable): number {
  return onShapes(network).featureDim;
}

/** What a network's features can be told to be, found in the same way. */
export function poolsOf(network: Buildable): readonly Pool[] {
  return onShapes(network).pools ?? [];
}

/** Channels of a network's maps, found in the same way; null: it has none to give. */
export function mapDimOf(network: Buildable): number | null {
  return onShapes(network).mapDim ?? null;
}

function onShapes({ build, normalization }: Buildable): Backbone {
  let backbone!: Backbone;
  countMacs(() => backbone = build(new CountingParameters(), normalization));
  return backbone;
}

/**
 * Computes a network's size by building and running it on shapes alone.
 *
 * @param side Of the picture, in pixels.
 *
 * @example How large a network is, without an engine
 * ```ts
 * import { networkNamed } from "@seed/nn";
 * import { networkSize } from "@seed/nn/host";
 * import assert from "node:assert/strict";
 *
 * const { parameters, featureDim } = networkSize(networkNamed("efficientnet_b0"), 224);
 * assert.equal(parameters, 4_007_548); // timm's, without the classifier
 * assert.equal(featureDim, 1280);
 * ```
 */
export function networkSize(network: Network, side: number): NetworkSize {
  const source = new CountingParameters();
  let featureDim = 0;
  // What a batch shares (interpolated positions) is not the cost of a picture: that is what a second one adds.
  const [one, two] = [1, 2].map((batch) =>
    countMacs(() => {
      source.count = 0;
      const backbone = network.build(source, network.normalization);
      backbone.features(shapeOnly([batch, side, side, 3]) as tf.Tensor4D, { training: false });
      featureDim = backbone.featureDim;
    })
  );
  return { parameters: source.count, macs: two - one, featureDim };
}
