import { tf } from "@seed/core";
import { identity, relu } from "../layers/activation.ts";
import type { Backbone } from "./backbone.ts";
import { convNorm, type ModalLayer } from "../layers/conv_norm.ts";
import { IMAGENET, type Normalization } from "./normalize.ts";
import { pooledBackbone } from "./pooled_backbone.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

/** How many layers a ResNet has. */
export type ResNetDepth = 18 | 34 | 50 | 101 | 152;

/** Blocks of each stage (He et al., CVPR 2016, table 1). */
const BLOCKS: Record<ResNetDepth, readonly number[]> = {
  18: [2, 2, 2, 2],
  34: [3, 4, 6, 3],
  50: [3, 4, 6, 3],
  101: [3, 4, 23, 3],
  152: [3, 8, 36, 3],
};

/** Which ResNet. */
export interface ResNetOptions {
  depth: ResNetDepth;
  /** Multiplies the channels of every layer, as SwAV's `widen` and SimCLR's x2 do; default 1. */
  width?: number;
  normalization?: Normalization;
  /**
   * `small`, for small images: a 3 x 3 convolution without a stride, and no pooling after it. Default: what a file of
   * weights has, else `imagenet`.
   */
  stem?: "imagenet" | "small";
  /** Pixels on each side that the small stem's convolution pads; default 1. */
  smallPadding?: number;
}

/** A ResNet with torchvision's names, which are timm's and MoCo's too; strides in the 3 x 3 convolutions. */
export function resnet(
  source: ParameterSource,
  { depth, width = 1, normalization = IMAGENET, stem = stemOf(source), smallPadding = 1 }: ResNetOptions,
): Backbone {
  const bottleneck = depth >= 50, base = 64 * width, isSmall = stem === "small";
  const first = convNorm(source, {
    names: ["conv1", "bn1"],
    ...{ inputs: 3, outputs: base, kernel: isSmall ? 3 : 7, stride: isSmall ? 1 : 2, activation: relu },
    padding: isSmall ? [smallPadding, smallPadding] : "symmetric",
  });
  const layers: ModalLayer[] = isSmall ? [first] : [first, (x) => maxPool(x)];
  let inputs = base;
  BLOCKS[depth].forEach((count, stage) => {
    const width = base << stage, outputs = bottleneck ? 4 * width : width;
    for (let b = 0; b < count; b++) {
      const stride = b === 0 && stage > 0 ? 2 : 1;
      const make = bottleneck ? bottleneckBlock : basicBlock;
      layers.push(make(source, `layer${stage + 1}.${b}`, { inputs, width, outputs, stride }));
      inputs = outputs;
    }
  });
  return pooledBackbone({ layers, featureDim: inputs, normalization });
}

/** What a source of values says of the stem. */
export function stemOf(source: Pick<ParameterSource, "shapeOf">): "imagenet" | "small" {
  return source.shapeOf?.("conv1.weight")?.[2] === 3 ? "small" : "imagenet";
}

/** 3 x 3, stride 2, one pixel of padding: zeros do for minus infinity, since it follows a ReLU. */
function maxPool(x: tf.Tensor4D): tf.Tensor4D {
  return tf.maxPool(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]) as tf.Tensor4D, 3, 2, "valid");
}

interface BlockShape {
  inputs: number;
  width: number;
  outputs: number;
  stride: number;
}

function basicBlock(source: ParameterSource, name: string, shape: BlockShape): ModalLayer {
  const { inputs, width, outputs, stride } = shape;
  const first = convNorm(source, {
    names: [`${name}.conv1`, `${name}.bn1`],
    ...{ inputs, outputs: width, kernel: 3, stride, activation: relu },
  });
  const second = convNorm(source, {
    names: [`${name}.conv2`, `${name}.bn2`],
    inputs: width,
    outputs,
    kernel: 3,
  });
  return residual(source, name, shape, (x, mode) => second(first(x, mode), mode));
}

function bottleneckBlock(source: ParameterSource, name: string, shape: BlockShape): ModalLayer {
  const { inputs, width, outputs, stride } = shape;
  const names = (i: number) => [`${name}.conv${i}`, `${name}.bn${i}`] as const;
  const reduce = convNorm(source, { names: names(1), inputs, outputs: width, kernel: 1, activation: relu });
  const middle = convNorm(source, {
    names: names(2),
    ...{ inputs: width, outputs: width, kernel: 3, stride, activation: relu },
  });
  const expand = convNorm(source, { names: names(3), inputs: width, outputs, kernel: 1 });
  return residual(source, name, shape, (x, mode) => expand(middle(reduce(x, mode), mode), mode));
}

/** Adds the block's input, through a strided 1 x 1 convolution where the shape changes. */
function residual(source: ParameterSource, name: string, shape: BlockShape, body: ModalLayer): ModalLayer {
  const { inputs, outputs, stride } = shape;
  const changes = stride !== 1 || inputs !== outputs;
  const names = [`${name}.downsample.0`, `${name}.downsample.1`] as const;
  const shortcut: ModalLayer = changes
    ? convNorm(source, { names, inputs, outputs, kernel: 1, stride })
    : identity;
  return (x, mode) => relu(tf.add(body(x, mode), shortcut(x, mode)));
}
