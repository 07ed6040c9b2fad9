import assert from "node:assert/strict";
import type { ParameterKind } from "../interfaces/student.ts";
import { fromTorch, torchShape, toTorch } from "./tensor_layout.ts";

/** Where each of PyTorch's axes is in TensorFlow's layout, from the documentation of both. */
const AXES: Record<Exclude<ParameterKind, "vector">, number[]> = {
  conv: [3, 2, 0, 1],
  depthwise: [2, 3, 0, 1],
  linear: [1, 0],
};
const SHAPES: [Exclude<ParameterKind, "vector">, number[]][] = [
  ["conv", [3, 2, 5, 35]],
  ["conv", [1, 1, 17, 16]],
  ["conv", [7, 7, 3, 1]],
  ["depthwise", [5, 3, 33, 1]],
  ["linear", [19, 40]],
  ["linear", [1, 7]],
];

/** Every index of an array, row-major. */
function* indices(shape: readonly number[]): Generator<number[]> {
  const total = shape.reduce((a, b) => a * b, 1);
  for (let flat = 0; flat < total; flat++) {
    const index = [];
    for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
      index.unshift(rest % shape[axis]);
      rest = Math.floor(rest / shape[axis]);
    }
    yield index;
  }
}

const flatten = (index: number[], shape: readonly number[]) =>
  index.reduce((flat, i, axis) => flat * shape[axis] + i, 0);

for (const [kind, shape] of SHAPES) {
  Deno.test(`toTorch() puts every element of a ${kind} [${shape}] where PyTorch has it`, () => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i);
    const target = torchShape(shape, kind), moved = toTorch(data, shape, kind);
    assert.deepEqual(target, AXES[kind].map((axis) => shape[axis]));
    for (const index of indices(shape)) {
      const there = AXES[kind].map((axis) => index[axis]);
      assert.equal(moved[flatten(there, target)], data[flatten(index, shape)], `element [${index}]`);
    }
  });

  Deno.test(`fromTorch() undoes toTorch() for a ${kind} [${shape}]`, () => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i);
    assert.deepEqual(fromTorch(toTorch(data, shape, kind), shape, kind), data);
  });
}

Deno.test("a vector is laid out the same in both, whatever its rank", () => {
  const data = Float32Array.of(1, 2, 3, 4, 5, 6);
  assert.deepEqual(torchShape([2, 3], "vector"), [2, 3]);
  assert.deepEqual(toTorch(data, [2, 3], "vector"), data);
  assert.deepEqual(fromTorch(data, [2, 3], "vector"), data);
});
