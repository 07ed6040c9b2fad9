import { tf } from "@seed/core";
import { identity, relu, sigmoid } from "../layers/activation.ts";
import type { Backbone } from "./backbone.ts";
import { convNorm, type ModalLayer } from "../layers/conv_norm.ts";
import { DropPaths, risingRate } from "../layers/drop_paths.ts";
import { IMAGENET, type Normalization } from "./normalize.ts";
import { pooledBackbone } from "./pooled_backbone.ts";
import type { ParameterSource } from "../parameters/parameters.ts";
import { squeezeExcite } from "../layers/squeeze_excite.ts";

/** The RegNets that there are. */
export type RegNetVariant = "y_400mf" | "y_800mf";

/** Which RegNetY. */
export interface RegNetOptions {
  /** Blocks of each stage. */
  readonly blocks: readonly number[];
  /** Channels of each stage. */
  readonly widths: readonly number[];
  /** Channels that are convolved together. */
  readonly group: number;
  /** How often what the last block adds is dropped in training, of blocks before it less; default 0. */
  readonly dropPath?: number;
}

/** Radosavovic et al., CVPR 2020, appendix B. */
export const REGNETS: Record<RegNetVariant, RegNetOptions> = {
  y_400mf: { blocks: [1, 3, 6, 6], widths: [48, 104, 208, 440], group: 8 },
  y_800mf: { blocks: [1, 3, 8, 2], widths: [64, 128, 320, 768], group: 16 },
};

const STEM = 32;
/** Channels between the two convolutions of squeeze-and-excitation, for one that comes into the block. */
const REDUCED = 1 / 4;

/** A RegNetY with timm's names (`regnety_004`, `regnety_008`): `stem`, `s1.b1.conv1`, `s1.b1.se.fc1`. */
export function regnet(
  source: ParameterSource,
  options: RegNetOptions,
  normalization: Normalization = IMAGENET,
): Backbone {
  const { blocks, widths, group, dropPath = 0 } = options, count = blocks.reduce((sum, n) => sum + n);
  const drops = new DropPaths(source), stem = { inputs: 3, outputs: STEM, kernel: 3, stride: 2 };
  const layers = [convNorm(source, { names: named("stem"), ...stem, activation: relu })];
  let inputs = STEM, number = 0;
  widths.forEach((outputs, s) => {
    for (let b = 0; b < blocks[s]; b++) {
      const place = { drops, dropRate: risingRate(dropPath, number++, count) };
      const shape = { inputs, outputs, group, stride: b === 0 ? 2 : 1 };
      layers.push(block(source, `s${s + 1}.b${b + 1}`, shape, place));
      inputs = outputs;
    }
  });
  return pooledBackbone({ layers, featureDim: inputs, normalization, noisePerImage: drops.noisePerImage });
}

interface BlockShape {
  inputs: number;
  outputs: number;
  group: number;
  stride: number;
}

/** A bottleneck that is as wide inside, in groups, with squeeze-and-excitation before its last convolution. */
function block(
  source: ParameterSource,
  name: string,
  { inputs, outputs, group, stride }: BlockShape,
  { drops, dropRate }: { drops: DropPaths; dropRate: number },
): ModalLayer {
  const part = (part: string, inputs: number, kernel: number) => (
    { names: named(`${name}.${part}`), inputs, outputs, kernel }
  );
  const reduce = convNorm(source, { ...part("conv1", inputs, 1), activation: relu });
  const mix = convNorm(source, { ...part("conv2", outputs, 3), stride, groups: outputs / group });
  const gate = { channels: outputs, reduced: Math.round(inputs * REDUCED), activation: relu, gate: sigmoid };
  const excite = squeezeExcite(source, [`${name}.se.fc1`, `${name}.se.fc2`], gate);
  const last = convNorm(source, { ...part("conv3", outputs, 1), excited: { activation: relu, excite } });
  const shortcut = stride === 1 && inputs === outputs
    ? identity
    : convNorm(source, { ...part("downsample", inputs, 1), stride });
  const drop = drops.next(dropRate, `${name}.conv3.conv.weight`);
  return (x, mode) => relu(tf.add(drop(last(mix(reduce(x, mode), mode), mode), mode), shortcut(x, mode)));
}

function named(part: string): readonly [conv: string, norm: string] {
  return [`${part}.conv`, `${part}.bn`];
}
