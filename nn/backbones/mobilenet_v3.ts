import { tf } from "@seed/core";
import { type Activation, hardSigmoid, hardSwish, relu } from "../layers/activation.ts";
import type { Backbone } from "./backbone.ts";
import { convNorm } from "../layers/conv_norm.ts";
import { convWithBias } from "../layers/conv.ts";
import { type Conventions, TIMM } from "../layers/conventions.ts";
import { multipleOf8 } from "../layers/channel_counts.ts";
import { type BlockShape, invertedResiduals } from "../layers/inverted_residual.ts";
import { IMAGENET, type Normalization } from "./normalize.ts";
import { pooledBackbone } from "./pooled_backbone.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

/** The MobileNetV3s that there are. */
export type MobileNetV3Variant = "large" | "small";

interface Stage {
  kernel: number;
  /** Of the first block. */
  stride: number;
  outputs: number;
  excites: boolean;
  activation: Activation;
  /** Of the depthwise convolutions, one a block. */
  widths: readonly number[];
}

/** Howard et al., ICCV 2019, tables 1 and 2, in timm's stages. */
const STAGES: Record<MobileNetV3Variant, readonly Stage[]> = {
  large: [
    { kernel: 3, stride: 1, outputs: 16, excites: false, activation: relu, widths: [16] },
    { kernel: 3, stride: 2, outputs: 24, excites: false, activation: relu, widths: [64, 72] },
    { kernel: 5, stride: 2, outputs: 40, excites: true, activation: relu, widths: [72, 120, 120] },
    {
      kernel: 3,
      stride: 2,
      outputs: 80,
      excites: false,
      activation: hardSwish,
      widths: [240, 200, 184, 184],
    },
    { kernel: 3, stride: 1, outputs: 112, excites: true, activation: hardSwish, widths: [480, 672] },
    { kernel: 5, stride: 2, outputs: 160, excites: true, activation: hardSwish, widths: [672, 960, 960] },
  ],
  small: [
    { kernel: 3, stride: 2, outputs: 16, excites: true, activation: relu, widths: [16] },
    { kernel: 3, stride: 2, outputs: 24, excites: false, activation: relu, widths: [72, 88] },
    { kernel: 5, stride: 2, outputs: 40, excites: true, activation: hardSwish, widths: [96, 240, 240] },
    { kernel: 5, stride: 1, outputs: 48, excites: true, activation: hardSwish, widths: [120, 144] },
    { kernel: 5, stride: 2, outputs: 96, excites: true, activation: hardSwish, widths: [288, 576, 576] },
  ],
};
const STEM = 16, HEAD: Record<MobileNetV3Variant, number> = { large: 1280, small: 1024 };

/** Blocks of a MobileNetV3, stage by stage, without the last convolution. */
export function mobilenetV3Stages(variant: MobileNetV3Variant): BlockShape[][] {
  let inputs = STEM;
  return STAGES[variant].map(({ kernel, stride, outputs, excites, activation, widths }) =>
    widths.map((width, b) => {
      const excite = { reduced: multipleOf8(width / 4), activation: relu, gate: hardSigmoid };
      const shape: BlockShape = {
        ...{ inputs, width, outputs, kernel, stride: b === 0 ? stride : 1, activation },
        excite: excites ? excite : null,
      };
      inputs = outputs;
      return shape;
    })
  );
}

/**
 * A MobileNetV3 with timm's names (`mobilenetv3_large_100`, `mobilenetv3_small_100`): the last convolution,
 * `conv_head`, comes after pooling. Features are what its activation gives.
 */
export function mobilenetV3(
  source: ParameterSource,
  variant: MobileNetV3Variant,
  normalization: Normalization = IMAGENET,
  conventions: Conventions = TIMM,
): Backbone {
  const stages = mobilenetV3Stages(variant), { outputs: inputs, width } = stages.at(-1)!.at(-1)!;
  const { epsilon, momentum } = conventions, featureDim = HEAD[variant];
  const { layers } = invertedResiduals(source, { stages, activation: hardSwish }, conventions);
  const last = `blocks.${stages.length}.0`;
  layers.push(convNorm(source, {
    names: [`${last}.conv`, `${last}.bn1`],
    ...{ inputs, outputs: width, kernel: 1, activation: hardSwish, epsilon, momentum },
  }));
  const head = convWithBias(source, "conv_head", { inputs: width, outputs: featureDim, kernel: 1 });
  return pooledBackbone({
    ...{ layers, featureDim, mapDim: width, normalization },
    pool(map) {
      const pooled = tf.mean(map, [1, 2], true) as tf.Tensor4D;
      return tf.mean(hardSwish(head(pooled)), [1, 2]) as tf.Tensor2D; // of a single pixel: drops its axes
    },
  });
}
