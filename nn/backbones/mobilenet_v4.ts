import { tf } from "@seed/core";
import { relu } from "../layers/activation.ts";
import type { Backbone } from "./backbone.ts";
import { convNorm, type ModalLayer } from "../layers/conv_norm.ts";
import { DropPaths } from "../layers/drop_paths.ts";
import { type BottleneckShape, universalBottleneck } from "../layers/universal_bottleneck.ts";
import { IMAGENET, type Normalization } from "./normalize.ts";
import { pooledBackbone } from "./pooled_backbone.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

/** The MobileNetV4s of convolutions alone that there are. */
export type MobileNetV4Variant = "small" | "medium";

/** A convolution with its norm. */
interface Convolution {
  kernel: number;
  stride: number;
  outputs: number;
}

/** A convolution that expands, and one that projects (Gupta & Tan, 2020: "fused"). */
interface FusedBottleneck extends Convolution {
  expansion: number;
}

type Block = Convolution | FusedBottleneck | BottleneckShape;

/** Of {@link BottleneckShape}, as timm's tables have it. */
function uib(start: number, middle: number, expansion: number, outputs: number, stride = 1): BottleneckShape {
  return { start, middle, expansion, outputs, stride };
}

function times(count: number, block: Block): Block[] {
  return Array<Block>(count).fill(block);
}

/** Qin et al., ECCV 2024, appendix; timm's stages. The last is a convolution to {@link LAST} channels. */
export const MOBILENET_V4_STAGES: Record<MobileNetV4Variant, readonly (readonly Block[])[]> = {
  small: [
    [{ kernel: 3, stride: 2, outputs: 32 }, { kernel: 1, stride: 1, outputs: 32 }],
    [{ kernel: 3, stride: 2, outputs: 96 }, { kernel: 1, stride: 1, outputs: 64 }],
    [uib(5, 5, 3, 96, 2), ...times(4, uib(0, 3, 2, 96)), uib(3, 0, 4, 96)],
    [
      uib(3, 3, 6, 128, 2),
      uib(5, 5, 4, 128),
      uib(0, 5, 4, 128),
      uib(0, 5, 3, 128),
      ...times(2, uib(0, 3, 4, 128)),
    ],
  ],
  medium: [
    [{ kernel: 3, stride: 2, outputs: 48, expansion: 4 }],
    [uib(3, 5, 4, 80, 2), uib(3, 3, 2, 80)],
    [
      uib(3, 5, 6, 160, 2),
      ...times(2, uib(3, 3, 4, 160)),
      uib(3, 5, 4, 160),
      uib(3, 3, 4, 160),
      uib(3, 0, 4, 160),
      uib(0, 0, 2, 160),
      uib(3, 0, 4, 160),
    ],
    [
      uib(5, 5, 6, 256, 2),
      uib(5, 5, 4, 256),
      ...times(2, uib(3, 5, 4, 256)),
      uib(0, 0, 4, 256),
      uib(3, 0, 4, 256),
      uib(3, 5, 2, 256),
      uib(5, 5, 4, 256),
      ...times(2, uib(0, 0, 4, 256)),
      uib(5, 0, 2, 256),
    ],
  ],
};
const STEM = 32, LAST = 960, HEAD = 1280;

/**
 * A MobileNetV4 with timm's names (`mobilenetv4_conv_small`, `mobilenetv4_conv_medium`): the last convolution,
 * `conv_head`, comes after pooling, and has a norm.
 *
 * @param variant Which, or the blocks of one that is not published: of each stage but the last.
 * @param dropPath How often a block's own part is dropped in training: so often for one after the last, for others in
 *   proportion to their place, from 0 at the first, as in timm; default 0.
 */
export function mobilenetV4(
  source: ParameterSource,
  variant: MobileNetV4Variant | readonly (readonly Block[])[],
  normalization: Normalization = IMAGENET,
  dropPath = 0,
): Backbone {
  const trunk = typeof variant === "string" ? MOBILENET_V4_STAGES[variant] : variant;
  const stages = [...trunk, [{ kernel: 1, stride: 1, outputs: LAST }]];
  const count = stages.flat().length, drops = new DropPaths(source);
  const stem = { inputs: 3, outputs: STEM, kernel: 3, stride: 2, activation: relu };
  const layers: ModalLayer[] = [convNorm(source, { names: ["conv_stem", "bn1"], ...stem })];
  let inputs = STEM, index = 0;
  stages.forEach((blocks, s) =>
    blocks.forEach((shape, b) => {
      const place = { inputs, drops, dropRate: dropPath * index++ / count };
      layers.push(blockOf(source, `blocks.${s}.${b}`, shape, place));
      inputs = shape.outputs;
    })
  );
  const last = { inputs: LAST, outputs: HEAD, kernel: 1, activation: relu };
  const head = convNorm(source, { names: ["conv_head", "norm_head"], ...last });
  return pooledBackbone({
    ...{ layers, featureDim: HEAD, mapDim: LAST, normalization, noisePerImage: drops.noisePerImage },
    pool(map, mode) {
      const pooled = tf.mean(map, [1, 2], true) as tf.Tensor4D;
      return tf.mean(head(pooled, mode), [1, 2]) as tf.Tensor2D; // of a single pixel: drops its axes
    },
  });
}

function blockOf(
  source: ParameterSource,
  name: string,
  shape: Block,
  place: Parameters<typeof universalBottleneck>[3],
): ModalLayer {
  if ("start" in shape) return universalBottleneck(source, name, shape, place);
  const { inputs } = place, { kernel, stride, outputs } = shape;
  if (!("expansion" in shape)) {
    return convNorm(source, {
      ...{ names: [`${name}.conv`, `${name}.bn1`], inputs, outputs, kernel, stride, activation: relu },
    });
  }
  const width = inputs * shape.expansion;
  const expand = convNorm(source, {
    ...{
      names: [`${name}.conv_exp`, `${name}.bn1`],
      inputs,
      outputs: width,
      kernel,
      stride,
      activation: relu,
    },
  });
  const project = convNorm(source, {
    ...{ names: [`${name}.conv_pwl`, `${name}.bn2`], inputs: width, outputs, kernel: 1 },
  });
  return (x, mode) => project(expand(x, mode), mode);
}
