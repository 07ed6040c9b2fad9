import { BATCH_NORM_INFERENCE_KERNEL, tf, toTorch } from "@seed/core";
import { paddedInput, type Padding } from "./padding.ts";
import type { Kernel, Value } from "./recorded_graph.ts";
import type { Named, Translation } from "./translation.ts";

/** How a recorded network is translated, as far as it decides what becomes part of what. */
export interface Folding {
  /** Whether a single operation takes the value. */
  usedOnce(value: Value): boolean;
  /** Whether batch norms become part of the layers before them. */
  readonly options: { readonly foldBatchNorm: boolean };
}

/** A convolution or a matrix product with a constant weight, and what follows it and becomes part of it. */
export interface Linear {
  readonly kernel: Kernel;
  /** Factors of the output channels, from batch norms; null: all 1. */
  readonly scale: Float64Array | null;
  /** Added to the output channels; null: nothing. */
  readonly bias: Float64Array | null;
  /** Name of the bias, if it is a weight as it is. */
  readonly biasName: string | null;
}

/**
 * The convolution or matrix product that a value is the result of: bare, or with a bias or a batch norm after it;
 * null if of none.
 */
export function linearAt(t: Folding, { from }: Value): Linear | null {
  if (!from) return null;
  if (isLinear(from)) return { kernel: from, scale: null, bias: null, biasName: null };
  const { a, b, x } = from.inputs;
  if (from.name === "Add") {
    const isBias = b.constant && b.shape.length === 1 && b.shape[0] === a.shape.at(-1);
    const before = isBias && t.usedOnce(a) ? linearAt(t, a) : null;
    return before && addBias(before, b);
  }
  const folds = from.name === BATCH_NORM_INFERENCE_KERNEL && t.options.foldBatchNorm && t.usedOnce(x);
  const before = folds ? linearAt(t, x) : null;
  return before && foldBatchNorm(before, from);
}

function isLinear({ name, inputs, attributes }: Kernel): boolean {
  if (name === "Conv2D" || name === "DepthwiseConv2dNative") return inputs.filter.constant !== null;
  if (name !== "BatchMatMul" || attributes.transposeA || attributes.transposeB) return false;
  return inputs.b.constant !== null && inputs.a.shape.length === 2;
}

function addBias(before: Linear, added: Value): Linear {
  const { bias } = before;
  return {
    ...before,
    bias: Float64Array.from(added.constant!, (value, i) => value + (bias?.[i] ?? 0)),
    biasName: bias ? null : added.name,
  };
}

function foldBatchNorm({ kernel, scale, bias }: Linear, norm: Kernel): Linear {
  const { factor, shift } = batchNormAsFactors(norm);
  return {
    kernel,
    scale: factor.map((value, i) => value * (scale?.[i] ?? 1)),
    bias: factor.map((value, i) => (bias?.[i] ?? 0) * value + shift[i]),
    biasName: null,
  };
}

/** `scale * (x - mean) / sqrt(variance + epsilon) + offset` as `factor * x + shift`, of each channel. */
export function batchNormAsFactors(
  { inputs, attributes }: Kernel,
): { factor: Float64Array; shift: Float64Array } {
  const [gain, offset, mean, variance] = [
    inputs.scale,
    inputs.offset,
    inputs.runningMean,
    inputs.runningVariance,
  ].map(({ constant }) => constant!);
  const factor = Float64Array.from(gain, (value, i) => value / Math.sqrt(variance[i] + attributes.epsilon));
  return { factor, shift: factor.map((value, i) => offset[i] - mean[i] * value) };
}

/** Adds the operator. */
export function linear(t: Translation, { kernel, scale, bias, biasName }: Linear): Named {
  const weight = kernel.inputs.filter ?? kernel.inputs.b;
  const kind = kernel.name === "Conv2D" ? "conv" : kernel.name === "BatchMatMul" ? "linear" : "depthwise";
  const data = scaled(toTorch(weight.constant!, weight.shape, kind), scale);
  const add = (outputs: number, shape: readonly number[]): string[] => {
    const names = [t.floats(shape, data, weight.name)];
    const stem = weight.name?.replace(/\.weight$/, "");
    if (bias) names.push(t.floats([outputs], bias, biasName ?? (stem ? `${stem}.bias` : null)));
    return names;
  };
  if (kind === "linear") {
    const [inputs, outputs] = weight.shape,
      operands = [t.recorded(kernel.inputs.a), ...add(outputs, [outputs, inputs])];
    return { name: t.apply("Gemm", operands, { transB: 1 }), order: "as recorded" };
  }
  const [height, width, inputs, last] = weight.shape, depthwise = kind === "depthwise";
  const { input, padding } = paddedInput(t, kernel.inputs.x, () => true);
  const outputs = depthwise ? inputs * last : last, each = depthwise ? 1 : inputs;
  const operands = [t.channelsFirst(input), ...add(outputs, [outputs, each, height, width])];
  const group = kernel.inputs.x.shape[3] / each;
  const attributes = { ...windows(kernel, padding, depthwise), ...group > 1 && { group } };
  return { name: t.apply("Conv", operands, attributes), order: "channels first" };
}

/** Each output channel's weights, which are neighbours, by its factor. */
function scaled(weight: Float32Array, scale: Float64Array | null): Float32Array {
  if (!scale) return weight;
  const each = weight.length / scale.length;
  return weight.map((value, i) => value * scale[Math.floor(i / each)]);
}

type ConvArguments = Parameters<typeof tf.backend_util.computeConv2DInfo>;

function windows({ inputs: { x, filter }, attributes }: Kernel, more: Padding, depthwise: boolean) {
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
  const { top, left, bottom, right } = info.padInfo;
  const dilated = info.dilationHeight !== 1 || info.dilationWidth !== 1;
  return {
    kernel_shape: filter.shape.slice(0, 2),
    strides: [info.strideHeight, info.strideWidth],
    pads: [top + more.top, left + more.left, bottom + more.bottom, right + more.right],
    ...dilated && { dilations: [info.dilationHeight, info.dilationWidth] },
  };
}
