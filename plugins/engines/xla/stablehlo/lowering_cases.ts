/** Kernels with inputs and attributes, by family, that lowerings are tried with. */
import { tf } from "@seed/core";
import type { Attributes, Depthwise } from "./lowering.ts";

/** Values of an input; float32 unless said. */
export type Input = { shape: number[]; values: ArrayLike<number>; dtype?: "int32" | "bool" };
/** A kernel to be run once. */
export interface Case {
  kernel: string;
  inputs: Record<string, Input> | Input[];
  attributes?: Attributes;
  depthwise?: Depthwise;
}

/** Values between -2 and 2, other ones for each seed. */
const drawn = (shape: number[], seed = 0): Input => ({
  shape,
  values: Float32Array.from(
    { length: tf.util.sizeFromShape(shape) },
    (_, i) => 2 * Math.sin(i * 1.7 + seed * 0.9 + 0.3),
  ),
});
const integers = (shape: number[], values: number[]): Input => ({
  shape,
  values: Int32Array.from(values),
  dtype: "int32",
});
const bits = (shape: number[], values: number[]): Input => ({
  shape,
  values: Uint8Array.from(values),
  dtype: "bool",
});
const positive = (shape: number[]): Input => {
  const { values } = drawn(shape);
  return { shape, values: Float32Array.from(values, (value) => Math.abs(value) + 0.1) };
};

const odd: Input = { shape: [8], values: Float32Array.of(-3, -0, 0, 0.5, 1.5, 2.5, NaN, 7) };
const X = drawn([2, 3, 4]);

const of = (kernels: string, inputs: Case["inputs"], attributes?: Attributes): Case[] =>
  kernels.split(" ").map((kernel) => ({ kernel, inputs, attributes }));

export const map = drawn([2, 7, 8, 3], 1), filter = drawn([3, 3, 3, 5], 2), taps = drawn([3, 3, 3, 1], 3);

/** The three passes of a convolution; the result's shape is the reference's own. */
export function convolution(x: Input, filter: Input, attributes: Attributes, depthwise?: Depthwise): Case[] {
  const info = tf.backend_util.computeConv2DInfo(
    ...[
      x.shape as [number, number, number, number],
      filter.shape as [number, number, number, number],
    ] as const,
    ...[
      attributes.strides,
      attributes.dilations ?? 1,
      attributes.pad,
      undefined,
      depthwise !== undefined,
    ] as const,
  );
  const dy = drawn(info.outShape, 4), all = { dilations: 1, dataFormat: "NHWC", ...attributes };
  const [name, back] = depthwise
    ? ["DepthwiseConv2dNative", "DepthwiseConv2dNativeBackprop"]
    : ["Conv2D", "Conv2DBackprop"];
  return [
    { kernel: name, inputs: { x, filter }, attributes: all, depthwise },
    {
      kernel: `${back}Input`,
      inputs: { dy, filter },
      attributes: { ...all, inputShape: x.shape },
      depthwise,
    },
    {
      kernel: `${back}Filter`,
      inputs: { x, dy },
      attributes: { ...all, filterShape: filter.shape },
      depthwise,
    },
  ];
}

const EXPLICIT = [[0, 0], [1, 1], [2, 0], [0, 0]];

/** The passes of pooling; a third of the values are equal, as after a rectifier. */
export function pooling(attributes: Attributes): Case[] {
  const input = { ...map, values: Float32Array.from(map.values, (value) => Math.max(0, value)) };
  const { outShape } = tf.backend_util.computePool2DInfo(
    ...[
      map.shape as [number, number, number, number],
      attributes.filterSize,
      attributes.strides,
      1,
      attributes.pad,
    ] as const,
  );
  const dy = drawn(outShape, 5);
  return [
    ...of("AvgPool MaxPool", { x: input }, attributes),
    { kernel: "AvgPoolGrad", inputs: { dy, input }, attributes },
    { kernel: "MaxPoolGrad", inputs: { dy, input, output: dy }, attributes },
  ];
}

export const FAMILIES: Record<string, Case[]> = {
  elementwise: [
    ...of(
      "Abs Ceil Cos Erf Exp Expm1 Floor IsNan Neg Reciprocal Relu Relu6 Round Sigmoid Sign Sin Square Tanh",
      { x: X },
    ),
    ...of("Abs Ceil Floor IsNan Neg Relu Relu6 Round Square", { x: odd }),
    ...of("Log Log1p Rsqrt Sqrt", { x: positive([5, 3]) }),
    ...of("Step", { x: odd }, { alpha: 0 }),
    ...of("Step", { x: odd }, { alpha: 0.25 }),
    ...of("ClipByValue", { x: X }, { clipValueMin: -0.5, clipValueMax: 1 }),
    ...of("Add Maximum Minimum Multiply RealDiv SquaredDifference Sub Mod", { a: X, b: drawn([3, 1], 1) }),
    ...of("Add Multiply Mod", { a: integers([4], [7, -7, 6, -6]), b: integers([4], [3, 3, -3, -3]) }),
    ...of("Pow", { a: positive([2, 3]), b: drawn([3], 1) }),
    ...of("Equal NotEqual Less LessEqual Greater GreaterEqual", {
      a: integers([2, 2], [1, 2, 3, 4]),
      b: integers([2], [3, 2]),
    }),
    ...of("Less Greater", { a: X, b: drawn([1, 1, 4], 7) }),
    ...of("LogicalAnd LogicalOr", { a: bits([4], [0, 0, 1, 1]), b: bits([4], [0, 1, 0, 1]) }),
    ...of("LogicalNot", { x: bits([2], [0, 1]) }),
    ...of("Select", { condition: bits([2, 2], [0, 1, 1, 0]), t: drawn([2, 2]), e: drawn([2, 2], 1) }),
    ...of("AddN", [drawn([3]), drawn([3], 1), drawn([3], 2)]),
    ...["int32", "bool", "float32"].flatMap((dtype) => of("Cast", { x: X }, { dtype })),
    ...of("Cast", { x: integers([3], [0, 1, -2]) }, { dtype: "bool" }),
    ...of("Cast", { x: bits([2], [0, 1]) }, { dtype: "float32" }),
  ],
  reductions: [
    ...of("Sum Mean Max Min Prod", { x: X }, { axis: [0, 2], reductionIndices: [0, 2], keepDims: true }),
    ...of("Sum Mean Max", { x: X }, { axis: -1, reductionIndices: -1, keepDims: false }),
    ...of("Sum", { x: integers([2, 2], [1, 2, 3, 4]) }, { axis: null, keepDims: false }),
    ...of("Sum", { x: bits([3], [1, 0, 1]) }, { axis: 0, keepDims: false }),
    ...of("All Any", { x: bits([2, 2], [1, 1, 0, 1]) }, { axis: 1, keepDims: false }),
    ...of("Softmax", { logits: drawn([3, 4]) }, { dim: -1 }),
  ],
  shapes: [
    ...of("Concat", [drawn([2, 3]), drawn([2, 1], 1), drawn([2, 2], 2)], { axis: 1 }),
    ...of("Pack", [drawn([2, 3]), drawn([2, 3], 1)], { axis: 1 }),
    ...of("Unpack", { value: X }, { axis: 1 }),
    ...of("SplitV", { x: X }, { numOrSizeSplits: [1, 3], axis: 2 }),
    ...of("SplitV", { x: X }, { numOrSizeSplits: 2, axis: -1 }),
    ...of("Slice", { x: X }, { begin: [0, 1, 0], size: [2, 2, -1] }),
    ...of("Tile", { x: drawn([2, 3]) }, { reps: [2, 3] }),
    ...of("Transpose", { x: X }, { perm: [2, 0, 1] }),
    ...of("Reverse", { x: X }, { dims: [0, 2] }),
    ...of("PadV2", { x: drawn([2, 3]) }, { paddings: [[1, 0], [2, 3]], constantValue: 1.5 }),
    ...of("OnesLike ZerosLike", { x: X }),
    ...of("Fill", {}, { shape: [2, 3], value: 2.5, dtype: "float32" }),
  ],
  scatter: [
    ...of("GatherV2", { x: X, indices: integers([4], [2, 0, 0, 1]) }, { axis: 1, batchDims: 0 }),
    ...of("GatherV2", { x: drawn([4, 2]), indices: integers([2, 2], [3, 0, 1, 1]) }, {
      axis: 0,
      batchDims: 0,
    }),
    ...of("OneHot", { indices: integers([3], [1, 4, 0]) }, {
      depth: 5,
      onValue: 2,
      offValue: -1,
      dtype: "float32",
    }),
    ...of("TensorScatterUpdate", {
      tensor: drawn([5, 2]),
      indices: integers([2, 1], [4, 1]),
      updates: drawn([2, 2], 1),
    }),
  ],
  products: [true, false].flatMap((transposeA) =>
    [true, false].flatMap((transposeB) =>
      of("BatchMatMul", {
        a: drawn(transposeA ? [2, 4, 3] : [2, 3, 4]),
        b: drawn(transposeB ? [1, 5, 4] : [1, 4, 5], 1),
      }, { transposeA, transposeB })
    )
  ),
  convolutions: [
    ...convolution(map, filter, { strides: 1, pad: "same" }),
    ...convolution(map, filter, { strides: [2, 2], pad: "valid" }),
    ...convolution(map, filter, { strides: 2, pad: EXPLICIT }),
    convolution(map, filter, { strides: 1, dilations: 2, pad: "same" })[0],
    ...convolution(map, drawn([3, 3, 3, 2], 6), { strides: 2, pad: "same" }, "convolution"),
    ...(["taps", "convolution"] as const).flatMap((way) => [
      ...convolution(map, taps, { strides: 1, pad: "same" }, way),
      ...convolution(map, taps, { strides: 2, pad: EXPLICIT }, way),
    ]),
  ],
  pooling: [
    ...pooling({ filterSize: 3, strides: 2, pad: "same" }).filter(({ kernel }) => kernel !== "AvgPoolGrad"),
    ...pooling({ filterSize: 2, strides: 2, pad: "valid" }),
    ...pooling({ filterSize: [7, 8], strides: 1, pad: "valid" }),
  ],
};
