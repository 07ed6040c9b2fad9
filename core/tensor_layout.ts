import type { ParameterKind } from "./student.ts";

/**
 * PyTorch's shape of a value from TensorFlow's.
 *
 * @example
 * ```ts
 * import { torchShape } from "@seed/core";
 * import assert from "node:assert/strict";
 * assert.deepEqual(torchShape([3, 3, 16, 32], "conv"), [32, 16, 3, 3]);
 * ```
 */
export function torchShape(shape: readonly number[], kind: ParameterKind): number[] {
  return orderToTorch(kind, shape.length).map((axis) => shape[axis]);
}

/** Rearranges values from TensorFlow's layout, of which `shape` is given, to PyTorch's. */
export function toTorch(data: Float32Array, shape: readonly number[], kind: ParameterKind): Float32Array {
  return permute(data, shape, orderToTorch(kind, shape.length));
}

/** Rearranges values from PyTorch's layout to TensorFlow's, of which `shape` is given. */
export function fromTorch(data: Float32Array, shape: readonly number[], kind: ParameterKind): Float32Array {
  const order = orderToTorch(kind, shape.length);
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return permute(data, order.map((axis) => shape[axis]), inverse);
}

/** Which of TensorFlow's axes each of PyTorch's is. */
function orderToTorch(kind: ParameterKind, rank: number): number[] {
  switch (kind) {
    case "conv": // [kh, kw, in, out] -> [out, in, kh, kw]
      return [3, 2, 0, 1];
    case "depthwise": // [kh, kw, channels, 1] -> [channels, 1, kh, kw]
      return [2, 3, 0, 1];
    case "linear": // [in, out] -> [out, in]
      return [1, 0];
    case "vector":
      return Array.from({ length: rank }, (_, axis) => axis);
  }
}

/** Transposes: axis i of the result is axis `order[i]` of the input. */
function permute(data: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
  if (order.every((axis, i) => axis === i)) return data;
  const rank = shape.length;
  const strides = new Array<number>(rank).fill(1);
  for (let axis = rank - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  const sizes = order.map((axis) => shape[axis]), steps = order.map((axis) => strides[axis]);
  const result = new Float32Array(data.length);
  const index = new Array<number>(rank).fill(0);
  for (let i = 0, from = 0; i < data.length; i++) {
    result[i] = data[from];
    for (let axis = rank - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++index[axis] < sizes[axis]) break;
      from -= steps[axis] * sizes[axis];
      index[axis] = 0;
    }
  }
  return result;
}
