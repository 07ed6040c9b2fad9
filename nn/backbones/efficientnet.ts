import { tf } from "@seed/core";
import { relu6, sigmoid, silu } from "../layers/activation.ts";
import type { Backbone } from "./backbone.ts";
import { convNorm } from "../layers/conv_norm.ts";
import { type Conventions, TIMM } from "../layers/conventions.ts";
import { type BlockShape, invertedResiduals } from "../layers/inverted_residual.ts";
import { IMAGENET, type Normalization, normalize } from "./normalize.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

/** The EfficientNets that there are. */
export type EfficientNetVariant = "b0" | "b1" | "lite2";

/** Kernel, stride of the first block, and expansion of each stage (Tan and Le, ICML 2019, table 1). */
const STAGES = [[3, 1, 1], [3, 2, 6], [5, 2, 6], [3, 2, 6], [5, 1, 6], [5, 2, 6], [3, 1, 6]] as const;
const STEM = 32, HEAD = 1280;

/** How B0 is scaled: outputs and number of blocks of each stage. */
interface Scale {
  outputs: readonly number[];
  blocks: readonly number[];
  /** Lite has ReLU6 for SiLU and no squeeze-and-excitation, and scales neither stem, head, first nor last stage. */
  lite: boolean;
}

const SCALES: Record<EfficientNetVariant, Scale> = {
  b0: { outputs: [16, 24, 40, 80, 112, 192, 320], blocks: [1, 2, 2, 3, 3, 4, 1], lite: false },
  /** Depth 1.1. */
  b1: { outputs: [16, 24, 40, 80, 112, 192, 320], blocks: [2, 3, 3, 4, 4, 5, 2], lite: false },
  /** Width 1.1, depth 1.2. */
  lite2: { outputs: [16, 24, 48, 88, 120, 208, 352], blocks: [1, 3, 3, 4, 4, 5, 1], lite: true },
};

/** Blocks of an EfficientNet, stage by stage. */
export function efficientnetStages(variant: EfficientNetVariant): BlockShape[][] {
  const { outputs, blocks, lite } = SCALES[variant];
  let inputs = STEM;
  return STAGES.map(([kernel, stride, expansion], s) =>
    Array.from({ length: blocks[s] }, (_, b) => {
      const shape: BlockShape = {
        ...{ inputs, width: inputs * expansion, outputs: outputs[s], kernel, stride: b === 0 ? stride : 1 },
        activation: lite ? relu6 : silu,
        // A quarter of the block's input, not of the expanded width.
        excite: lite ? null : { reduced: inputs >> 2, activation: silu, gate: sigmoid },
      };
      inputs = outputs[s];
      return shape;
    })
  );
}

/**
 * An EfficientNet with timm's names (`efficientnet_b0`, `efficientnet_b1`, `tf_efficientnet_lite2`).
 *
 * @param dropPath How often the last block's own part is dropped in training; default 0.
 */
export function efficientnet(
  source: ParameterSource,
  variant: EfficientNetVariant,
  normalization: Normalization = IMAGENET,
  conventions: Conventions = TIMM,
  dropPath = 0,
): Backbone {
  const stages = efficientnetStages(variant), { activation, outputs } = stages.at(-1)!.at(-1)!;
  const { epsilon, momentum } = conventions;
  const { layers, noisePerImage } = invertedResiduals(source, { stages, activation, dropPath }, conventions);
  layers.push(convNorm(source, {
    names: ["conv_head", "bn2"],
    ...{ inputs: outputs, outputs: HEAD, kernel: 1, activation, epsilon, momentum },
  }));
  return {
    featureDim: HEAD,
    normalization,
    noisePerImage,
    features: (images, mode) => {
      const maps = layers.reduce((x, layer) => layer(x, mode), normalize(images, normalization));
      return tf.mean(maps, [1, 2]) as tf.Tensor2D;
    },
  };
}
