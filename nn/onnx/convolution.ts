import { RunError, tf, toTorch } from "@seed/core";
import type { Kernel, Value } from "./recorded_graph.ts";
import type { Named, Translation } from "./translation.ts";

/** A convolution with what follows it and becomes part of it. */
interface Convolution {
  readonly kernel: Kernel;
  /** Factors of the output channels, from batch norms; null: all 1. */
  readonly scale: Float64Array | null;
  /** Added to the output channels; null: nothing. */
  readonly bias: Float64Array | null;
  /** Name of the bias, if it is a weight as it is. */
  readonly biasName: string | null;
}

type ConvArguments = Parameters<typeof tf.backend_util.computeConv2DInfo>;

const KERNELS = ["Conv2D", "DepthwiseConv2dNative"];

/** The convolution that a value is the result of: bare, or with a bias or a batch norm after it; null if of none. */
export function convolutionAt(t: Translation, { from }: Value): Convolution | null {
  if (!from) return null;
  if (KERNELS.includes(from.name)) return { kernel: from, scale: null, bias: null, biasName: null };
  const [x, constant] = from.name === "Add" ? Object.values(from.inputs) : [from.inputs.x, null];
  if (from.name === "Add" && (!constant?.constant || constant.shape.length !== 1)) return null;
  const folds = from.name === "SeedBatchNormInference" && t.options.foldBatchNorm;
  if (from.name !== "Add" && !folds || !t.usedOnce(x)) return null;
  const before = convolutionAt(t, x);
  if (!before || x.shape.length !== 4) return null;
  if (!constant) return fold(before, from);
  const added = constant.constant!, { bias } = before;
  return {
    ...before,
    bias: Float64Array.from(added, (value, i) => value + (bias?.[i] ?? 0)),
    biasName: bias ? null : constant.name,
  };
}

/** `scale * (x - mean) / sqrt(variance + epsilon) + offset` as a factor and a bias of each channel. */
function fold({ kernel, scale, bias }: Convolution, { inputs, attributes }: Kernel): Convolution {
  const { scale: gain, offset, runningMean: mean, runningVariance: variance } = inputs;
  const factor = Float64Array.from(
    gain.constant!,
    (value, i) => value / Math.sqrt(variance.constant![i] + attributes.epsilon),
  );
  return {
    kernel,
    scale: factor.map((value, i) => value * (scale?.[i] ?? 1)),
    bias: factor.map((value, i) => ((bias?.[i] ?? 0) - mean.constant![i]) * value + offset.constant![i]),
    biasName: null,
  };
}

/** Adds the operator. */
export function convolution(t: Translation, { kernel, scale, bias, biasName }: Convolution): Named {
  const { inputs: { x, filter }, attributes } = kernel, depthwise = kernel.name === "DepthwiseConv2dNative";
  if (!filter.constant) {
    throw new RunError("Cannot export a convolution whose filter is computed from the images");
  }
  const [input, padding] = paddedInput(t, x);
  const { strides, pad, dilations, dimRoundingMode } = attributes;
  const info = tf.backend_util.computeConv2DInfo(
    ...[
      x.shape,
      filter.shape,
      strides,
      dilations,
      pad,
      dimRoundingMode,
      depthwise,
    ] as unknown as ConvArguments,
  );
  const { top, left, bottom, right } = info.padInfo, [height, width, inputs, last] = filter.shape;
  const weight = filterWeights(filter, scale, depthwise);
  const outputs = depthwise ? inputs * last : last;
  const stem = filter.name?.replace(/\.weight$/, "") ?? null;
  const operands = [
    t.channelsFirst(input),
    t.floats([outputs, depthwise ? 1 : inputs, height, width], weight, filter.name),
  ];
  if (bias) operands.push(t.floats([outputs], bias, biasName ?? (stem && `${stem}.bias`)));
  const dilated = info.dilationHeight !== 1 || info.dilationWidth !== 1;
  const name = t.apply("Conv", operands, {
    kernel_shape: [height, width],
    strides: [info.strideHeight, info.strideWidth],
    pads: [top + padding.top, left + padding.left, bottom + padding.bottom, right + padding.right],
    ...dilated && { dilations: [info.dilationHeight, info.dilationWidth] },
    ...depthwise && { group: inputs },
  });
  return { name, order: "channels first" };
}

/** `[height, width, inputs, outputs]`, scaled, as ONNX has it: `[outputs, inputs, height, width]`. */
function filterWeights(
  { shape, constant }: Value,
  scale: Float64Array | null,
  depthwise: boolean,
): Float32Array {
  const values = toTorch(constant!, shape, depthwise ? "depthwise" : "conv");
  if (!scale) return values;
  const each = values.length / scale.length;
  return values.map((value, i) => value * scale[Math.floor(i / each)]);
}

interface Sides {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

/** Zeros around feature maps that are an operation of their own in TensorFlow become the convolution's. */
function paddedInput(t: Translation, x: Value): [input: Value, Sides] {
  const sides = x.from?.name === "PadV2" && t.usedOnce(x) ? spatialPadding(x.from) : null;
  return sides ? [x.from!.inputs.x, sides] : [x, { top: 0, left: 0, bottom: 0, right: 0 }];
}

/** Zeros that a `PadV2` puts around feature maps; null if it does something else. */
export function spatialPadding({ attributes: { paddings, constantValue } }: Kernel): Sides | null {
  if (constantValue !== 0 || paddings.length !== 4) return null;
  const [batch, [top, bottom], [left, right], channels] = paddings;
  return [...batch, ...channels].some((count) => count !== 0) ? null : { top, left, bottom, right };
}
