import { tf } from "@seed/core";
import { type Activation, identity } from "./activation.ts";
import { convNorm, type ModalLayer } from "./conv_norm.ts";
import type { Padding } from "./conv.ts";
import { type Conventions, paddings } from "./conventions.ts";
import { type DropPath, DropPaths } from "./drop_paths.ts";
import type { ParameterSource } from "../parameters/parameters.ts";
import { type ExciteOptions, squeezeExcite } from "./squeeze_excite.ts";

/** Shape of an inverted residual (Sandler et al., CVPR 2018). */
export interface BlockShape {
  inputs: number;
  /** Channels of the depthwise convolution; as many as `inputs`: no convolution expands them. */
  width: number;
  outputs: number;
  /** Side of the depthwise convolution. */
  kernel: number;
  stride: number;
  activation: Activation;
  /** Null: no squeeze-and-excitation. */
  excite: ExciteOptions | null;
}

/** Whether the block adds its input. */
function skips({ stride, inputs, outputs }: BlockShape): boolean {
  return stride === 1 && inputs === outputs;
}

/** Names of a block's parts: a convolution and its norm, but the two convolutions of squeeze-and-excitation. */
export interface BlockParts {
  expand: readonly [conv: string, norm: string];
  depthwise: readonly [conv: string, norm: string];
  excite: readonly [reduce: string, expand: string];
  project: readonly [conv: string, norm: string];
}

/** Whether a convolution comes before the depthwise one. */
export function expands({ inputs, width }: BlockShape): boolean {
  return width !== inputs;
}

/** timm's names of a block's parts, which count from the first that is there. */
export function timmParts(shape: BlockShape): BlockParts {
  const expand = ["conv_pw", "bn1"] as const, excite = ["se.conv_reduce", "se.conv_expand"] as const;
  return expands(shape)
    ? { expand, depthwise: ["conv_dw", "bn2"], excite, project: ["conv_pwl", "bn3"] }
    : { expand, depthwise: ["conv_dw", "bn1"], excite, project: ["conv_pw", "bn2"] };
}

/** The trunk of a mobile network. */
export interface Trunk {
  readonly layers: ModalLayer[];
  /** How many random numbers an image takes in training. */
  readonly noisePerImage: number;
}

/**
 * The trunk of a mobile network with timm's names: `conv_stem`, `bn1`, and `blocks.<stage>.<block>`.
 *
 * @param options.dropPath How often a block's own part is dropped in training: so often for one after the last, for
 *   others in proportion to their place, from 0 at the first, as in timm; default 0.
 */
export function invertedResiduals(
  source: ParameterSource,
  options: { stages: readonly (readonly BlockShape[])[]; activation: Activation; dropPath?: number },
  conventions: Conventions,
): Trunk {
  const { stages, activation, dropPath = 0 } = options;
  const drops = new DropPaths(source), count = stages.flat().length;
  const padding = paddings(conventions.padding);
  const stem = convNorm(source, {
    names: ["conv_stem", "bn1"],
    ...{ inputs: 3, outputs: stages[0][0].inputs, kernel: 3, stride: 2, activation },
    ...{ ...conventions, padding: padding(3, 2) },
  });
  let index = 0;
  const blocks = stages.flatMap((blocks, s) =>
    blocks.map((shape, b) => {
      const name = `blocks.${s}.${b}`, rate = dropPath * index++ / count;
      // Blocks that do not add their input have nothing without their own part.
      const drop = skips(shape) ? drops.next(rate, `${name}.${timmParts(shape).project[0]}.weight`) : null;
      const own = { ...conventions, padding: padding(shape.kernel, shape.stride), drop };
      return invertedResidual(source, name, shape, own);
    })
  );
  return { layers: [stem, ...blocks], noisePerImage: drops.noisePerImage };
}

/** Expands, convolves each channel, scales channels, projects; adds its input where the shape stays. */
function invertedResidual(
  source: ParameterSource,
  name: string,
  shape: BlockShape,
  options: Omit<Conventions, "padding"> & { padding: Padding; drop: DropPath | null },
): ModalLayer {
  const { padding, epsilon, momentum, excitesFirst, drop } = options;
  const { inputs, width, outputs, kernel, stride, activation } = shape, parts = timmParts(shape);
  const names = ([a, b]: readonly [string, string]) => [`${name}.${a}`, `${name}.${b}`] as const;
  const norm = { epsilon, momentum };
  const expand = expands(shape)
    ? convNorm(source, {
      ...{ ...norm, names: names(parts.expand), inputs, outputs: width, kernel: 1 },
      ...{ activation, expands: true },
    })
    : null;
  const depthwise = convNorm(source, {
    ...{ ...norm, names: names(parts.depthwise), inputs: width, outputs: width, kernel, stride, padding },
    ...{ depthwise: true, activation: shape.excite ? identity : activation },
  });
  const excite = shape.excite
    ? squeezeExcite(source, names(parts.excite), { channels: width, ...shape.excite })
    : null;
  const late = excite && expand && excitesFirst;
  const project = convNorm(source, {
    ...{ ...norm, names: names(parts.project), inputs: width, outputs, kernel: 1 },
    excited: excite && !late ? { activation, excite } : undefined,
  });
  return (x, mode) => {
    let y = depthwise(expand ? expand(x, mode) : x, mode);
    if (late) y = activation(excite(y));
    y = project(y, mode);
    return drop ? tf.add(x, drop(y, mode)) : y;
  };
}
