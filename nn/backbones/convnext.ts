import { tf } from "@seed/core";
import { gelu } from "../layers/activation.ts";
import type { Backbone } from "./backbone.ts";
import { convWithBias, type Layer } from "../layers/conv.ts";
import type { ModalLayer, Mode } from "../layers/conv_norm.ts";
import { DropPaths, risingRate } from "../layers/drop_paths.ts";
import { constant, TRANSFORMER } from "../parameters/initializer.ts";
import { layerNorm } from "../layers/layer_norm.ts";
import { IMAGENET, type Normalization, normalize } from "./normalize.ts";
import type { ParameterSource } from "../parameters/parameters.ts";
import { perceptron } from "../layers/perceptron.ts";

/** Which ConvNeXt. */
export interface ConvNeXtOptions {
  /** Blocks of each stage. */
  readonly blocks: readonly number[];
  /** Channels of each stage. */
  readonly widths: readonly number[];
  /** Whether the perceptrons' matrices are convolutions of single pixels in its files, as in timm's small ones. */
  readonly convolutions?: boolean;
  /** How often what the last block adds is dropped in training, of blocks before it less; default 0. */
  readonly dropPath?: number;
}

/** Side of the stem's patches, and of what a stage makes one of. */
const STEM = 4, DOWN = 2;
/** Of the depthwise convolutions. */
const KERNEL = 7;
const EPSILON = 1e-6, SCALE = 1e-6;

/**
 * A ConvNeXt (Liu et al., CVPR 2022) with timm's names: `stem`, `stages.0.blocks.0`, `head.norm`. Its features are the
 * mean of the last map, normalised after it; of DINOv3's this is the class token.
 */
export function convnext(
  source: ParameterSource,
  options: ConvNeXtOptions,
  normalization: Normalization = IMAGENET,
): Backbone {
  const { blocks, widths } = options, drops = new DropPaths(source);
  const layers: ModalLayer[] = [
    patches(source, "stem.0", { inputs: 3, outputs: widths[0], kernel: STEM }),
    mapNorm(source, "stem.1", widths[0]),
  ];
  let number = 0;
  blocks.forEach((count, s) => {
    const name = `stages.${s}`;
    if (s > 0) {
      layers.push(
        mapNorm(source, `${name}.downsample.0`, widths[s - 1]),
        patches(source, `${name}.downsample.1`, { inputs: widths[s - 1], outputs: widths[s], kernel: DOWN }),
      );
    }
    for (let b = 0; b < count; b++) {
      layers.push(block(source, `${name}.blocks.${b}`, widths[s], { ...options, drops, number: number++ }));
    }
  });
  const featureDim = widths.at(-1)!, norm = layerNorm(source, "head.norm", featureDim, EPSILON);
  const run = (images: tf.Tensor4D, mode: Mode) =>
    layers.reduce((x, layer) => layer(x, mode), normalize(images, normalization));
  const pooled = (maps: tf.Tensor4D) => norm(tf.mean(maps, [1, 2]));
  return {
    featureDim,
    mapDim: featureDim,
    normalization,
    noisePerImage: drops.noisePerImage,
    features: (images, mode) => pooled(run(images, mode)),
    maps(images, mode) {
      const maps = run(images, mode);
      return { features: pooled(maps), patches: onRows(norm)(maps) };
    },
  };
}

/** Depthwise convolution, norm, a perceptron of each place, scaled, and added to what comes in. */
function block(
  source: ParameterSource,
  name: string,
  width: number,
  { blocks, convolutions = false, dropPath = 0, drops, number }: ConvNeXtOptions & Place,
): ModalLayer {
  const gamma = source.get(`${name}.gamma`, "vector", [width], constant(SCALE));
  const shape = { inputs: width, outputs: width, kernel: KERNEL, depthwise: true, init: TRANSFORMER };
  const mix = convWithBias(source, `${name}.conv_dw`, shape);
  const norm = mapNorm(source, `${name}.norm`, width);
  const each = (convolutions ? pixelPerceptron : rowPerceptron)(source, `${name}.mlp`, width);
  const rate = risingRate(dropPath, number, blocks.reduce((sum, count) => sum + count));
  const drop = drops.next(rate, `${name}.mlp.fc2.weight`);
  return (x, mode) => tf.add(x, drop(tf.mul(each(norm(mix(x))), gamma), mode));
}

/** Where a block stands among all. */
interface Place {
  drops: DropPaths;
  number: number;
}

function rowPerceptron(source: ParameterSource, name: string, width: number): Layer {
  return onRows(perceptron(source, name, { width, activation: gelu }));
}

/** The same with matrices that are convolutions. */
function pixelPerceptron(source: ParameterSource, name: string, width: number): Layer {
  const layer = (part: string, inputs: number, outputs: number) =>
    convWithBias(source, `${name}.${part}`, { inputs, outputs, kernel: 1, init: TRANSFORMER });
  const widen = layer("fc1", width, 4 * width), narrow = layer("fc2", 4 * width, width);
  return (x) => narrow(gelu(widen(x)));
}

/** A convolution whose windows do not overlap, with a bias. */
function patches(
  source: ParameterSource,
  name: string,
  { inputs, outputs, kernel }: { inputs: number; outputs: number; kernel: number },
): Layer {
  const shape = {
    inputs,
    outputs,
    kernel,
    stride: kernel,
    padding: [0, 0] as const,
    init: TRANSFORMER,
  };
  return convWithBias(source, name, shape);
}

function mapNorm(source: ParameterSource, name: string, channels: number): Layer {
  return onRows(layerNorm(source, name, channels, EPSILON));
}

/** What is done to the channels of each place. */
function onRows(layer: (x: tf.Tensor2D) => tf.Tensor2D): Layer {
  return (x) => {
    const [batch, height, width, channels] = x.shape;
    const rows = layer(tf.reshape(x, [batch * height * width, channels]));
    return tf.reshape(rows, [batch, height, width, channels]);
  };
}
