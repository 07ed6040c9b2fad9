import type { ParameterKind } from "../interfaces/student.ts";

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
  switch (kind) {
    case "conv": // [kh, kw, in, out] -> [out, in, kh, kw]
      return [shape[3], shape[2], shape[0], shape[1]];
    case "depthwise": // [kh, kw, channels, 1] -> [channels, 1, kh, kw]
      return [shape[2], shape[3], shape[0], shape[1]];
    case "linear": // [in, out] -> [out, in]
      return [shape[1], shape[0]];
    case "vector":
      return [...shape];
  }
}

/** Rearranges values from TensorFlow's layout, of which `shape` is given, to PyTorch's. */
export function toTorch(data: Float32Array, shape: readonly number[], kind: ParameterKind): Float32Array {
  if (kind === "vector") return data;
  const [first, middle, last] = blocks(shape, kind);
  return reverseBlocks(data, first, middle, last);
}

/** Rearranges values from PyTorch's layout to TensorFlow's, of which `shape` is given. */
export function fromTorch(data: Float32Array, shape: readonly number[], kind: ParameterKind): Float32Array {
  if (kind === "vector") return data;
  const [first, middle, last] = blocks(shape, kind);
  return reverseBlocks(data, last, middle, first);
}

/** The two layouts are the same three blocks of axes in reverse order: their sizes, TensorFlow's first. */
function blocks(
  shape: readonly number[],
  kind: Exclude<ParameterKind, "vector">,
): [first: number, middle: number, last: number] {
  switch (kind) {
    case "conv":
      return [shape[0] * shape[1], shape[2], shape[3]];
    case "depthwise":
      return [shape[0] * shape[1], shape[3], shape[2]];
    case "linear":
      return [shape[0], 1, shape[1]];
  }
}

/** Neighbours of the last axis that are moved together: a cache line of them. */
const TOGETHER = 16;

/** `[a, b, c]` to `[c, b, a]`. */
function reverseBlocks(data: Float32Array, a: number, b: number, c: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let k0 = 0; k0 < c; k0 += TOGETHER) {
    const end = Math.min(c, k0 + TOGETHER);
    for (let j = 0; j < b; j++) {
      for (let i = 0; i < a; i++) {
        const from = (i * b + j) * c, to = j * a + i;
        for (let k = k0; k < end; k++) result[k * b * a + to] = data[from + k];
      }
    }
  }
  return result;
}
