import { tf } from "@seed/core";
import { type Activation, identity, relu } from "./activation.ts";
import { multipleOf8 } from "./channel_counts.ts";
import { convNorm, type ModalLayer } from "./conv_norm.ts";
import type { DropPaths } from "./drop_paths.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

/** Shape of a universal inverted bottleneck (Qin et al., ECCV 2024), but for its input's channels. */
export interface BottleneckShape {
  /** Side of the depthwise convolution before the expansion; 0: there is none. */
  start: number;
  /** Of the one after it. */
  middle: number;
  /** Channels of the expansion for one of the input. */
  expansion: number;
  outputs: number;
  /** Of the later depthwise convolution. */
  stride: number;
}

/** What a block is given beside its shape. */
export interface BottleneckPlace {
  inputs: number;
  drops: DropPaths;
  /** How often what the block adds is dropped in training. */
  dropRate: number;
}

/**
 * Convolves each channel, expands, convolves each channel, projects; adds its input where the shape stays. Names as
 * timm's: `dw_start`, `pw_exp`, `dw_mid`, `pw_proj`, each with `conv` and `bn`.
 */
export function universalBottleneck(
  source: ParameterSource,
  name: string,
  { start, middle, expansion, outputs, stride }: BottleneckShape,
  { inputs, drops, dropRate }: BottleneckPlace,
): ModalLayer {
  const width = multipleOf8(inputs * expansion), names = (part: string) => partNames(`${name}.${part}`);
  const depthwise = (
    part: string,
    kernel: number,
    channels: number,
    activation: Activation,
    stride: number,
  ) =>
    convNorm(source, {
      ...{
        names: names(part),
        inputs: channels,
        outputs: channels,
        kernel,
        stride,
        depthwise: true,
        activation,
      },
    });
  const layers: ModalLayer[] = [];
  if (start) layers.push(depthwise("dw_start", start, inputs, identity, middle ? 1 : stride));
  layers.push(convNorm(source, {
    ...{ names: names("pw_exp"), inputs, outputs: width, kernel: 1, activation: relu, expands: true },
  }));
  if (middle) layers.push(depthwise("dw_mid", middle, width, relu, stride));
  layers.push(convNorm(source, { names: names("pw_proj"), inputs: width, outputs, kernel: 1 }));
  const run: ModalLayer = (x, mode) => layers.reduce((x, layer) => layer(x, mode), x);
  if (stride !== 1 || inputs !== outputs) return run;
  const drop = drops.next(dropRate, `${name}.pw_proj.conv.weight`);
  return (x, mode) => tf.add(x, drop(run(x, mode), mode));
}

function partNames(part: string): readonly [conv: string, norm: string] {
  return [`${part}.conv`, `${part}.bn`];
}
