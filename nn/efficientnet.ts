import { tf } from "@seed/core";
import { identity, silu } from "./activation.ts";
import type { Backbone } from "./backbone.ts";
import { convNorm, type ModalLayer } from "./conv_norm.ts";
import { IMAGENET, type Normalization, normalize } from "./normalize.ts";
import type { ParameterSource } from "./parameters.ts";
import { squeezeExcite } from "./squeeze_excite.ts";

/** A stage of inverted-residual blocks. */
interface Stage {
  kernel: number;
  stride: number;
  /** Width of the depthwise convolution over that of the block's input. */
  expansion: number;
  channels: number;
  blocks: number;
}

/** EfficientNet-B0 (Tan and Le, ICML 2019, table 1). */
const B0: Stage[] = [
  { kernel: 3, stride: 1, expansion: 1, channels: 16, blocks: 1 },
  { kernel: 3, stride: 2, expansion: 6, channels: 24, blocks: 2 },
  { kernel: 5, stride: 2, expansion: 6, channels: 40, blocks: 2 },
  { kernel: 3, stride: 2, expansion: 6, channels: 80, blocks: 3 },
  { kernel: 5, stride: 1, expansion: 6, channels: 112, blocks: 3 },
  { kernel: 5, stride: 2, expansion: 6, channels: 192, blocks: 4 },
  { kernel: 3, stride: 1, expansion: 6, channels: 320, blocks: 1 },
];
const STEM = 32, HEAD = 1280;

/** EfficientNet-B0 with timm's names and conventions (`efficientnet_b0`): symmetric padding, batch norm 1e-5, 0.1. */
export function efficientnetB0(
  source: ParameterSource,
  normalization: Normalization = IMAGENET,
): Backbone {
  const stem = convNorm(source, {
    names: ["conv_stem", "bn1"],
    inputs: 3,
    outputs: STEM,
    kernel: 3,
    stride: 2,
    activation: silu,
  });
  const layers: ModalLayer[] = [stem];
  let inputs = STEM;
  B0.forEach((stage, s) => {
    for (let b = 0; b < stage.blocks; b++) {
      const stride = b === 0 ? stage.stride : 1;
      layers.push(block(source, `blocks.${s}.${b}`, { ...stage, stride, inputs }));
      inputs = stage.channels;
    }
  });
  layers.push(
    convNorm(source, { names: ["conv_head", "bn2"], inputs, outputs: HEAD, kernel: 1, activation: silu }),
  );
  return {
    featureDim: HEAD,
    normalization,
    features: (images, mode) => {
      const maps = layers.reduce((x, layer) => layer(x, mode), normalize(images, normalization));
      return tf.mean(maps, [1, 2]) as tf.Tensor2D;
    },
  };
}

/** An inverted residual with squeeze-and-excitation; without expansion timm's names count from the depthwise on. */
function block(source: ParameterSource, name: string, o: Stage & { inputs: number }): ModalLayer {
  const { inputs, kernel, stride, channels } = o, width = inputs * o.expansion;
  const expands = o.expansion > 1;
  const names = (conv: string, norm: string) => [`${name}.${conv}`, `${name}.${norm}`] as const;
  const expand = expands
    ? convNorm(source, {
      names: names("conv_pw", "bn1"),
      inputs,
      outputs: width,
      kernel: 1,
      activation: silu,
    })
    : null;
  const depthwise = convNorm(source, {
    names: names("conv_dw", expands ? "bn2" : "bn1"),
    ...{ inputs: width, outputs: width, kernel, stride, depthwise: true, activation: silu },
  });
  // A quarter of the block's input, not of the expanded width.
  const excite = squeezeExcite(source, `${name}.se`, { channels: width, reduced: inputs >> 2 });
  const project = convNorm(source, {
    names: expands ? names("conv_pwl", "bn3") : names("conv_pw", "bn2"),
    ...{ inputs: width, outputs: channels, kernel: 1, activation: identity },
  });
  const skips = stride === 1 && inputs === channels;
  return (x, mode) => {
    const y = project(excite(depthwise(expand ? expand(x, mode) : x, mode)), mode);
    return skips ? tf.add(x, y) : y;
  };
}
