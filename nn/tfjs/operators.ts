/**
 * What tfjs's kernels are as operations of a graph model. A kernel that a new network brings needs a line here.
 *
 * @module
 */
import { BATCH_NORM_INFERENCE_KERNEL, LAYER_NORM_KERNEL, RunError, tf } from "@seed/core";
import { batchNormAsFactors, linearAt } from "../onnx/linear.ts";
import {
  dependsOnBatch,
  type Kernel,
  notExported,
  RECORDED_BATCH,
  type Value,
} from "../onnx/recorded_graph.ts";
import type { GraphBuilder, Operator } from "./graph_builder.ts";
import { linear, padding } from "./linear.ts";

/** Of all inputs in turn, without attributes. */
const plain = (op: string): Operator => (g, { inputs }) =>
  g.add(op, Object.values(inputs).map((value) => g.of(value)));

/** A convolution, a matrix product, or what becomes part of one. */
const merged = (otherwise: Operator): Operator => (g, kernel) => {
  const found = linearAt(g, kernel.output);
  return found ? linear(g, found) : otherwise(g, kernel);
};

/** An activation becomes part of the convolution before it. */
const activation = (op: "Relu" | "Relu6"): Operator => (g, kernel) => {
  const { x } = kernel.inputs, found = g.usedOnce(x) ? linearAt(g, x) : null;
  return found && (found.bias || found.biasName) ? linear(g, found, op) : plain(op)(g, kernel);
};

const reshape: Operator = (g, { inputs, output }) =>
  g.add("Reshape", [g.of(Object.values(inputs)[0]), g.shape(output.shape)]);

const matMul: Operator = (g, { inputs: { a, b }, attributes: { transposeA, transposeB } }) =>
  g.add("BatchMatMulV2", [g.of(a), g.of(b)], { adj_x: !!transposeA, adj_y: !!transposeB });

const batchNorm: Operator = (g, kernel) => {
  const { factor, shift } = batchNormAsFactors(kernel);
  const [by, and] = [factor, shift].map((data) => g.floats([data.length], Float32Array.from(data)));
  return g.add("AddV2", [g.add("Mul", [g.of(kernel.inputs.x), by]), and]);
};

const layerNorm: Operator = (g, { inputs: { x, scale, offset }, attributes: { epsilon } }) => {
  const axis = g.integers([x.shape.length - 1]), keep = { keep_dims: true };
  const centred = g.add("Sub", [g.of(x), g.add("Mean", [g.of(x), axis], keep)]);
  const variance = g.add("Mean", [g.add("Mul", [centred, centred]), axis], keep);
  const inverse = g.add("Rsqrt", [g.add("AddV2", [variance, g.floats([], Float32Array.of(epsilon))])]);
  const scaled = g.add("Mul", [g.add("Mul", [centred, inverse]), g.of(scale)]);
  return g.add("AddV2", [scaled, g.of(offset)]);
};

const maxPool: Operator = (g, { inputs: { x }, attributes: { filterSize, strides, pad } }) => {
  const window = (
    sides: number | [number, number],
  ) => [1, ...typeof sides === "number" ? [sides, sides] : sides, 1];
  return g.add("MaxPool", [g.of(x)], {
    ksize: window(filterSize),
    strides: window(strides),
    ...padding(pad),
  });
};

const mean: Operator = (g, { inputs: { x }, attributes: { axis, keepDims } }) => {
  const axes = tf.util.parseAxisParam(axis, [...x.shape]);
  return g.add("Mean", [g.of(x), g.integers(axes)], { keep_dims: !!keepDims });
};

const pad: Operator = (g, { inputs: { x }, attributes: { paddings, constantValue } }) => {
  const counts = g.integers(paddings.flat(), [paddings.length, 2]);
  return g.add("PadV2", [g.of(x), counts, g.floats([], Float32Array.of(constantValue))]);
};

const concat: Operator = (g, { inputs, attributes: { axis } }) => {
  const parts = Object.values(inputs).map((part) => g.of(part));
  return g.add("ConcatV2", [...parts, g.integers([axis], [])], { N: parts.length });
};

/** A part along some axes; of the batch always all. */
const slice: Operator = (g, { inputs: { x }, attributes: { begin, size }, output }) => {
  const [starts] = tf.slice_util.parseSliceParams({ shape: [...x.shape] } as tf.Tensor, begin, size);
  if (x.shape.some((side, axis) => dependsOnBatch([side]) && output.shape[axis] !== side)) {
    throw new RunError("Cannot export a network that takes some images of a batch only");
  }
  const sizes = output.shape.map((side) => dependsOnBatch([side]) ? -1 : side);
  return g.add("Slice", [g.of(x), g.integers(starts), g.integers(sizes)]);
};

/** Repeated along axes; a constant for each image of the batch. */
const tile: Operator = (g, { inputs: { x }, attributes: { reps } }) => {
  const [batch, ...others]: number[] = reps;
  if (!dependsOnBatch(reps)) return g.add("Tile", [g.of(x), g.integers(reps)]);
  if (batch !== RECORDED_BATCH || others.some((count) => dependsOnBatch([count]))) {
    throw new RunError(`Cannot export a tensor [${x.shape}] that is repeated [${reps}] times`);
  }
  const counts = g.add("ConcatV2", [g.batchSize(), g.integers(others), g.integers([0], [])], { N: 2 });
  return g.add("Tile", [g.of(x), counts]);
};

/** Truth to 1 and 0. */
const cast: Operator = (g, { inputs: { x }, attributes: { dtype } }) => {
  if (dtype !== "float32") throw notExported(`Cast to ${dtype}`, "TensorFlow.js");
  return g.add("Cast", [g.of(x)], { DstT: { type: "DT_FLOAT" } });
};

const transpose: Operator = (g, { inputs: { x }, attributes: { perm } }) =>
  g.add("Transpose", [g.of(x), g.integers(perm)]);

const softmax: Operator = (g, { inputs: { logits }, attributes: { dim } }: Kernel) => {
  if (dim === logits.shape.length - 1) return g.add("Softmax", [g.of(logits)]);
  throw new RunError(`Cannot export a softmax along axis ${dim} of [${logits.shape}]: it must be the last`);
};

/** By tfjs's name of the kernel. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  Add: merged(plain("AddV2")),
  BatchMatMul: merged(matMul),
  Cast: cast,
  Concat: concat,
  Conv2D: merged(computedFilter),
  DepthwiseConv2dNative: merged(computedFilter),
  Erf: plain("Erf"),
  ExpandDims: reshape,
  Greater: plain("Greater"),
  MaxPool: maxPool,
  Mean: mean,
  Multiply: plain("Mul"),
  PadV2: pad,
  Relu: activation("Relu"),
  Relu6: activation("Relu6"),
  Reshape: reshape,
  Rsqrt: plain("Rsqrt"),
  [BATCH_NORM_INFERENCE_KERNEL]: merged(batchNorm),
  [LAYER_NORM_KERNEL]: layerNorm,
  Sigmoid: plain("Sigmoid"),
  Slice: slice,
  Softmax: softmax,
  Sub: plain("Sub"),
  Tile: tile,
  Transpose: transpose,
};

function computedFilter(_: GraphBuilder, { output }: { output: Value }): never {
  throw new RunError(
    `Cannot export a convolution to [${output.shape}] whose filter is computed from the images`,
  );
}
