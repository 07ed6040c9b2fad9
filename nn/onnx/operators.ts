/**
 * What tfjs's kernels are in ONNX. A kernel that a new network brings needs a line here.
 *
 * @module
 */
import { BATCH_NORM_INFERENCE_KERNEL, LAYER_NORM_KERNEL, RunError, tf } from "@seed/core";
import { FLOAT } from "./onnx_model.ts";
import { hardActivation } from "./hard_activations.ts";
import { batchNormAsFactors, linear, linearAt } from "./linear.ts";
import { pad, paddedInput } from "./padding.ts";
import { notExported, type Value } from "./recorded_graph.ts";
import { concat, reshape, slice, tile, transpose } from "./shape_operators.ts";
import type { Operator } from "./translation.ts";

/** A function of each element. */
const unary = (...operators: string[]): Operator => (t, { inputs }) => {
  const { name, order } = t.named(Object.values(inputs)[0]);
  return { name: operators.reduce((x, operator) => t.apply(operator, [x]), name), order };
};

const clip = (low: number, high: number): Operator => (t, { inputs: { x } }) => {
  const { name, order } = t.named(x);
  return { name: t.apply("Clip", [name, t.floats([], [low]), t.floats([], [high])]), order };
};

/** A function of pairs of elements, broadcast. */
const binary = (operator: string): Operator => (t, { inputs: { a, b } }) => {
  const maps = [a, b].some((value) => !value.constant && t.named(value).order === "channels first");
  const names = [a, b].map((value) => maps ? t.channelsFirst(value) : t.recorded(value));
  return { name: t.apply(operator, names), order: maps ? "channels first" : "as recorded" };
};

/** A convolution, a matrix product, or what becomes part of one; `otherwise` if it is none with a constant weight. */
const merged = (otherwise: Operator): Operator => (t, kernel) => {
  const found = linearAt(t, kernel.output);
  return found ? linear(t, found) : otherwise(t, kernel);
};

const matMul: Operator = (t, { inputs: { a, b }, attributes: { transposeA, transposeB } }) => {
  const operand = (value: Value, transposed: boolean) => {
    const name = t.recorded(value), rank = value.shape.length;
    const perm = Array.from({ length: rank }, (_, axis) => axis);
    return transposed
      ? t.apply("Transpose", [name], { perm: perm.with(-1, rank - 2).with(-2, rank - 1) })
      : name;
  };
  return { name: t.apply("MatMul", [operand(a, transposeA), operand(b, transposeB)]), order: "as recorded" };
};

/** ONNX has channels on the second axis, whatever the rank: here that is so for vectors, and made so for maps. */
const batchNorm: Operator = (t, kernel) => {
  const { inputs, attributes: { epsilon } } = kernel;
  const { x, scale, offset, runningMean, runningVariance } = inputs;
  if (x.shape.length !== 2 && x.shape.length !== 4) {
    const { factor, shift } = batchNormAsFactors(kernel), channels = [factor.length];
    const scaled = t.apply("Mul", [t.recorded(x), t.floats(channels, factor)]);
    return { name: t.apply("Add", [scaled, t.floats(channels, shift)]), order: "as recorded" };
  }
  const operands = [scale, offset, runningMean, runningVariance].map((value) => t.recorded(value));
  const maps = x.shape.length === 4, name = maps ? t.channelsFirst(x) : t.recorded(x);
  const output = t.apply("BatchNormalization", [name, ...operands], { epsilon: { float: epsilon } });
  return { name: output, order: maps ? "channels first" : "as recorded" };
};

const layerNorm: Operator = (t, { inputs: { x, scale, offset }, attributes: { epsilon } }) => {
  const operands = [x, scale, offset].map((value) => t.recorded(value));
  const name = t.apply("LayerNormalization", operands, { axis: -1, epsilon: { float: epsilon } });
  return { name, order: "as recorded" };
};

type PoolArguments = Parameters<typeof tf.backend_util.computePool2DInfo>;

const maxPool: Operator = (
  t,
  { inputs: { x }, attributes: { filterSize, strides, pad, dimRoundingMode } },
) => {
  // Zeros around what is not negative do as ONNX's own padding, which counts for nothing.
  const notNegative = ({ from }: Value) => ["Relu", "Relu6"].includes(from?.name ?? "");
  const { input, padding } = paddedInput(t, x, notNegative);
  const info = tf.backend_util.computePool2DInfo(
    ...[x.shape, filterSize, strides, 1, pad, dimRoundingMode] as unknown as PoolArguments,
  );
  const { top, left, bottom, right } = info.padInfo;
  const name = t.apply("MaxPool", [t.channelsFirst(input)], {
    kernel_shape: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    pads: [top + padding.top, left + padding.left, bottom + padding.bottom, right + padding.right],
  });
  return { name, order: "channels first" };
};

const mean: Operator = (t, { inputs: { x }, attributes: { axis, keepDims } }) => {
  const axes = tf.util.parseAxisParam(axis, [...x.shape]).toSorted(), { name, order } = t.named(x);
  if (order === "channels first" && axes.join() === "1,2") {
    const pooled = t.apply("GlobalAveragePool", [name]);
    return keepDims ? { name: pooled, order } : { name: t.apply("Flatten", [pooled]), order: "as recorded" };
  }
  const attributes = { axes, keepdims: keepDims ? 1 : 0 };
  return { name: t.apply("ReduceMean", [t.recorded(x)], attributes), order: "as recorded" };
};

/** Truth to 1 and 0. */
const cast: Operator = (t, { inputs: { x }, attributes: { dtype } }) => {
  if (dtype !== "float32") throw notExported(`Cast to ${dtype}`, "ONNX");
  const { name, order } = t.named(x);
  return { name: t.apply("Cast", [name], { to: FLOAT }), order };
};

const softmax: Operator = (t, { inputs: { logits }, attributes: { dim } }) => (
  { name: t.apply("Softmax", [t.recorded(logits)], { axis: dim }), order: "as recorded" }
);

/** By tfjs's name of the kernel. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  Add: merged(binary("Add")),
  BatchMatMul: merged(matMul),
  Cast: cast,
  Concat: concat,
  Conv2D: merged(computedFilter),
  DepthwiseConv2dNative: merged(computedFilter),
  Erf: unary("Erf"),
  ExpandDims: reshape,
  Greater: binary("Greater"),
  MaxPool: maxPool,
  Mean: mean,
  Multiply: (t, kernel) => hardActivation(t, kernel.output) ?? binary("Mul")(t, kernel),
  PadV2: pad,
  Relu: unary("Relu"),
  Relu6: clip(0, 6),
  Reshape: reshape,
  Rsqrt: unary("Sqrt", "Reciprocal"),
  [BATCH_NORM_INFERENCE_KERNEL]: merged(batchNorm),
  [LAYER_NORM_KERNEL]: layerNorm,
  Sigmoid: unary("Sigmoid"),
  Slice: slice,
  Softmax: softmax,
  Sub: binary("Sub"),
  Tile: tile,
  Transpose: transpose,
};

function computedFilter(): never {
  throw new RunError("Cannot export a convolution whose filter is computed from the images");
}
