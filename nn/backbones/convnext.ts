import { tf } from "@seed/core";
import { gelu } from "../layers/activation.ts";
import type { Backbone } from "./backbone.ts";
import { convWithBias, type Layer } from "../layers/conv.ts";
import { constant, normal } from "../parameters/initializer.ts";
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
}

/** Side of the stem's patches, and of what a stage makes one of. */
const STEM = 4, DOWN = 2;
/** Of the depthwise convolutions. */
const KERNEL = 7;
const EPSILON = 1e-6, SCALE = 1e-6;
/** Standard deviation that convolutions start with. */
const DEVIATION = 0.02;

/**
 * A ConvNeXt (Liu et al., CVPR 2022) with timm's names: `stem`, `stages.0.blocks.0`, `head.norm`. Its features are the
 * mean of the last map, normalised after it; of DINOv3's this is the class token.
 */
export function convnext(
  source: ParameterSource,
  { blocks, widths }: ConvNeXtOptions,
  normalization: Normalization = IMAGENET,
): Backbone {
  const layers: Layer[] = [
    patches(source, "stem.0", { inputs: 3, outputs: widths[0], kernel: STEM }),
    mapNorm(source, "stem.1", widths[0]),
  ];
  blocks.forEach((count, s) => {
    const name = `stages.${s}`;
    if (s > 0) {
      layers.push(
        mapNorm(source, `${name}.downsample.0`, widths[s - 1]),
        patches(source, `${name}.downsample.1`, { inputs: widths[s - 1], outputs: widths[s], kernel: DOWN }),
      );
    }
    for (let b = 0; b < count; b++) layers.push(block(source, `${name}.blocks.${b}`, widths[s]));
  });
  const featureDim = widths.at(-1)!, norm = layerNorm(source, "head.norm", featureDim, EPSILON);
  const run = (images: tf.Tensor4D) =>
    layers.reduce((x, layer) => layer(x), normalize(images, normalization));
  const pooled = (maps: tf.Tensor4D) => norm(tf.mean(maps, [1, 2]));
  return {
    featureDim,
    normalization,
    features: (images) => pooled(run(images)),
    maps(images) {
      const maps = run(images);
      return { features: pooled(maps), patches: onRows(norm)(maps) };
    },
  };
}

/** Depthwise convolution, norm, a perceptron of each place, scaled, and added to what comes in. */
function block(source: ParameterSource, name: string, width: number): Layer {
  const gamma = source.get(`${name}.gamma`, "vector", [width], constant(SCALE));
  const shape = { inputs: width, outputs: width, kernel: KERNEL, depthwise: true, init: normal(DEVIATION) };
  const mix = convWithBias(source, `${name}.conv_dw`, shape);
  const norm = layerNorm(source, `${name}.norm`, width, EPSILON);
  const each = perceptron(source, `${name}.mlp`, { width, activation: gelu });
  const refine = onRows((x) => tf.mul(each(norm(x)), gamma));
  return (x) => tf.add(x, refine(mix(x)));
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
    init: normal(DEVIATION),
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
