import assert from "node:assert/strict";
import { RunError, type WeightsFile } from "@seed/core";
import { constant } from "./initializer.ts";
import { FrozenParameters } from "./frozen_parameters.ts";

/** A file of one tensor whose values count up. */
function fileOf(shape: readonly number[]): WeightsFile {
  return {
    path: "weights.file",
    format: "test",
    metadata: {},
    tensors: new Map([["weight", { dtype: "F32", shape }]]),
    read: () => Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i),
    [Symbol.dispose]() {},
  };
}

const TRANSPOSED = [0, 3, 1, 4, 2, 5]; // of the matrix [[0, 1, 2], [3, 4, 5]]

for (const stored of [[2, 3], [2, 3, 1, 1]]) {
  Deno.test(`a matrix stored as [${stored}] serves a linear layer and a convolution of a single pixel`, async () => {
    for (const [kind, shape] of [["linear", [3, 2]], ["conv", [1, 1, 3, 2]]] as const) {
      using parameters = new FrozenParameters(fileOf(stored));
      const weight = parameters.get("weight", kind, shape, constant(0));
      parameters.finish();
      assert.deepEqual(weight.shape, shape);
      assert.deepEqual([...await weight.data()], TRANSPOSED);
    }
  });
}

for (
  const [stored, shape] of [[[3, 2], [1, 1, 3, 2]], [[2, 3, 1, 3], [1, 1, 3, 2]], [[2, 3], [3, 3, 3, 2]]]
) {
  Deno.test(`a tensor stored as [${stored}] does not serve a convolution of [${shape}]`, () => {
    using parameters = new FrozenParameters(fileOf(stored));
    parameters.get("weight", "conv", shape, constant(0));
    assert.throws(() => parameters.finish(), (error) => {
      assert.ok(error instanceof RunError);
      assert.match(error.message, /"weight" has the shape \[.*\], expected \[/);
      return true;
    });
  });
}
