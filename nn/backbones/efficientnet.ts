import { relu6, sigmoid, silu } from "../layers/activation.ts";
import type { Backbone } from "./backbone.ts";
import { convNorm } from "../layers/conv_norm.ts";
import { type Conventions, TIMM } from "../layers/conventions.ts";
import { multipleOf8 } from "../layers/channel_counts.ts";
import { type BlockShape, invertedResiduals } from "../layers/inverted_residual.ts";
import { IMAGENET, type Normalization } from "./normalize.ts";
import { pooledBackbone } from "./pooled_backbone.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

/** The EfficientNets that there are. */
export type EfficientNetVariant = "b0" | "b1" | "b2" | "b3" | "b4" | "lite2";

/** B0's stages: kernel, stride of the first block, expansion, outputs, blocks (Tan and Le, ICML 2019, table 1). */
const STAGES = [
  [3, 1, 1, 16, 1],
  [3, 2, 6, 24, 2],
  [5, 2, 6, 40, 2],
  [3, 2, 6, 80, 3],
  [5, 1, 6, 112, 3],
  [5, 2, 6, 192, 4],
  [3, 1, 6, 320, 1],
] as const;
const STEM = 32, HEAD = 1280;

/** How B0 is scaled. */
interface Scale {
  /** Of channels, which are multiples of 8. */
  width: number;
  /** Of the numbers of blocks. */
  depth: number;
  /** Lite has ReLU6 for SiLU and no squeeze-and-excitation, and scales neither stem, head, first nor last stage. */
  lite: boolean;
}

const SCALES: Record<EfficientNetVariant, Scale> = {
  b0: { width: 1, depth: 1, lite: false },
  b1: { width: 1, depth: 1.1, lite: false },
  b2: { width: 1.1, depth: 1.2, lite: false },
  b3: { width: 1.2, depth: 1.4, lite: false },
  b4: { width: 1.4, depth: 1.8, lite: false },
  lite2: { width: 1.1, depth: 1.2, lite: true },
};

/** Blocks of an EfficientNet, stage by stage. */
export function efficientnetStages(variant: EfficientNetVariant): BlockShape[][] {
  const { width, depth, lite } = SCALES[variant];
  let inputs = fixedIf(lite, STEM, width);
  return STAGES.map(([kernel, stride, expansion, outputsOfB0, blocks], s) => {
    const outputs = multipleOf8(outputsOfB0 * width), isFixed = lite && (s === 0 || s === STAGES.length - 1);
    return Array.from({ length: isFixed ? blocks : Math.ceil(blocks * depth) }, (_, b) => {
      const shape: BlockShape = {
        ...{ inputs, width: inputs * expansion, outputs, kernel, stride: b === 0 ? stride : 1 },
        activation: lite ? relu6 : silu,
        // A quarter of the block's input, not of the expanded width.
        excite: lite ? null : { reduced: inputs >> 2, activation: silu, gate: sigmoid },
      };
      inputs = outputs;
      return shape;
    });
  });
}

/** Channels that Lite leaves as they are. */
function fixedIf(lite: boolean, channels: number, width: number): number {
  return lite ? channels : multipleOf8(channels * width);
}

/**
 * An EfficientNet with timm's names (`efficientnet_b0` to `efficientnet_b4`, `tf_efficientnet_lite2`).
 *
 * @param dropPath How often a block's own part is dropped in training: so often for one after the last, for others in
 *   proportion to their place, from 0 at the first, as in timm; default 0.
 */
export function efficientnet(
  source: ParameterSource,
  variant: EfficientNetVariant,
  normalization: Normalization = IMAGENET,
  conventions: Conventions = TIMM,
  dropPath = 0,
): Backbone {
  const stages = efficientnetStages(variant), { activation, outputs } = stages.at(-1)!.at(-1)!;
  const { epsilon, momentum } = conventions, { width, lite } = SCALES[variant];
  const featureDim = fixedIf(lite, HEAD, width);
  const { layers, noisePerImage } = invertedResiduals(source, { stages, activation, dropPath }, conventions);
  layers.push(convNorm(source, {
    names: ["conv_head", "bn2"],
    ...{ inputs: outputs, outputs: featureDim, kernel: 1, activation, epsilon, momentum },
  }));
  return pooledBackbone({ layers, featureDim, normalization, noisePerImage });
}
