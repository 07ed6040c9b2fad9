/**
 * What tfjs's kernels are in ONNX. A kernel that a new network brings needs a line here.
 *
 * @module
 */
import { tf, toTorch } from "@seed/core";
import { convolution, convolutionAt, spatialPadding } from "./convolution.ts";
import { hardActivation } from "./hard_activations.ts";
import type { Kernel, Value } from "./recorded_graph.ts";
import type { Named, Translation } from "./translation.ts";

type PoolArguments = Parameters<typeof tf.backend_util.computePool2DInfo>;
type Operator = (t: Translation, kernel: Kernel) => Named;

/** A function of each element. */
const unary = (...operators: string[]): Operator => (t, { inputs }) => {
  const { name, order } = t.named(Object.values(inputs)[0]);
  return { name: operators.reduce((x, operator) => t.apply(operator, [x]), name), order };
};

const clip = (low: number, high: number) => (t: Translation, { inputs: { x } }: Kernel): Named => {
  const { name, order } = t.named(x);
  return { name: t.apply("Clip", [name, t.floats([], [low]), t.floats([], [high])]), order };
};

/** A function of pairs of elements, broadcast. */
const binary = (operator: string): Operator => (t, { inputs: { a, b } }) => {
  const maps = [a, b].some((value) => !value.constant && t.named(value).order === "channels first");
  const names = [a, b].map((value) => maps ? t.channelsFirst(value) : t.recorded(value));
  return { name: t.apply(operator, names), order: maps ? "channels first" : "as recorded" };
};

const add: Operator = (t, kernel) => {
  const merged = convolutionAt(t, kernel.output);
  if (merged) return convolution(t, merged);
  return affine(t, kernel) ?? binary("Add")(t, kernel);
};

/** `x W + b` of rows is one operator, with the weight in PyTorch's order. */
function affine(t: Translation, { inputs: { a, b } }: Kernel): Named | null {
  const product = a.from, weight = product?.inputs.b;
  if (product?.name !== "BatchMatMul" || !weight?.constant || !b.constant || !t.usedOnce(a)) return null;
  const { transposeA, transposeB } = product.attributes;
  if (
    product.inputs.a.shape.length !== 2 || weight.shape.length !== 2 || b.shape.length !== 1 || transposeA
  ) {
    return null;
  }
  const [inputs, outputs] = transposeB ? weight.shape.toReversed() : weight.shape;
  const data = transposeB ? weight.constant : toTorch(weight.constant, weight.shape, "linear");
  const operands = [
    t.recorded(product.inputs.a),
    t.floats([outputs, inputs], data, weight.name),
    t.floats(b.shape, b.constant, b.name),
  ];
  return { name: t.apply("Gemm", operands, { transB: 1 }), order: "as recorded" };
}

const matMul: Operator = (t, { inputs: { a, b }, attributes: { transposeA, transposeB } }) => {
  const operand = (value: Value, transpose: boolean) => {
    const name = t.recorded(value), rank = value.shape.length;
    const perm = Array.from({ length: rank }, (_, axis) => axis);
    return transpose
      ? t.apply("Transpose", [name], { perm: perm.with(-1, rank - 2).with(-2, rank - 1) })
      : name;
  };
  return { name: t.apply("MatMul", [operand(a, transposeA), operand(b, transposeB)]), order: "as recorded" };
};

const batchNorm: Operator = (t, kernel) => {
  const merged = convolutionAt(t, kernel.output);
  if (merged) return convolution(t, merged);
  const { inputs: { x, scale, offset, runningMean, runningVariance }, attributes: { epsilon } } = kernel;
  const operands = [scale, offset, runningMean, runningVariance].map((value) => t.recorded(value));
  const name = t.apply("BatchNormalization", [t.channelsFirst(x), ...operands], {
    epsilon: { float: epsilon },
  });
  return { name, order: "channels first" };
};

/** Windows of feature maps. */
const pool = (operator: string): Operator => (t, { inputs: { x }, attributes }) => {
  const { filterSize, strides, pad, dimRoundingMode } = attributes;
  const padded = operator === "MaxPool" ? nonNegativePadding(t, x) : null;
  const info = tf.backend_util.computePool2DInfo(
    ...[x.shape, filterSize, strides, 1, pad, dimRoundingMode] as unknown as PoolArguments,
  );
  const { top, left, bottom, right } = info.padInfo, more = padded?.sides;
  const name = t.apply(operator, [t.channelsFirst(padded?.input ?? x)], {
    kernel_shape: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    pads: more
      ? [top + more.top, left + more.left, bottom + more.bottom, right + more.right]
      : [top, left, bottom, right],
  });
  return { name, order: "channels first" };
};

/** Zeros before a maximum, where what they surround is not negative: ONNX's own padding does the same. */
function nonNegativePadding(t: Translation, x: Value) {
  if (x.from?.name !== "PadV2" || !t.usedOnce(x)) return null;
  const sides = spatialPadding(x.from), input = x.from.inputs.x;
  return sides && ["Relu", "Relu6"].includes(input.from?.name ?? "") ? { input, sides } : null;
}

const padding: Operator = (t, { inputs: { x }, attributes: { paddings, constantValue } }) => {
  const { name, order } = t.named(x);
  const axes: [number, number][] = order === "channels first"
    ? [0, 3, 1, 2].map((axis) => paddings[axis])
    : paddings;
  const counts = [...axes.map(([before]) => before), ...axes.map(([, after]) => after)];
  return { name: t.apply("Pad", [name, t.integers(counts), t.floats([], [constantValue])]), order };
};

const mean: Operator = (t, { inputs: { x }, attributes: { axis, keepDims } }) => {
  const axes = tf.util.parseAxisParam(axis, [...x.shape]).toSorted();
  const { name, order } = t.named(x);
  if (order === "channels first" && axes.join() === "1,2") {
    const pooled = t.apply("GlobalAveragePool", [name]);
    return keepDims ? { name: pooled, order } : { name: t.apply("Flatten", [pooled]), order: "as recorded" };
  }
  const attributes = { axes, keepdims: keepDims ? 1 : 0 };
  return { name: t.apply("ReduceMean", [t.recorded(x)], attributes), order: "as recorded" };
};

const reshape: Operator = (t, { inputs, output }) => {
  const [x] = Object.values(inputs), { name, order } = t.named(x);
  // Of single pixels both orders are the same.
  const single = order === "channels first" && x.shape[1] * x.shape[2] === 1;
  return {
    name: t.apply("Reshape", [single ? name : t.recorded(x), t.shape(output.shape)]),
    order: "as recorded",
  };
};

/** By tfjs's name of the kernel. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  Add: add,
  AvgPool: pool("AveragePool"),
  BatchMatMul: matMul,
  Conv2D: (t, { output }) => convolution(t, convolutionAt(t, output)!),
  DepthwiseConv2dNative: (t, { output }) => convolution(t, convolutionAt(t, output)!),
  ExpandDims: reshape,
  MaxPool: pool("MaxPool"),
  Mean: mean,
  Multiply: (t, kernel) => hardActivation(t, kernel.output) ?? binary("Mul")(t, kernel),
  PadV2: padding,
  RealDiv: binary("Div"),
  Relu: unary("Relu"),
  Relu6: clip(0, 6),
  Reshape: reshape,
  Rsqrt: unary("Sqrt", "Reciprocal"),
  SeedBatchNormInference: batchNorm,
  Sigmoid: unary("Sigmoid"),
  Sqrt: unary("Sqrt"),
  Sub: binary("Sub"),
};
