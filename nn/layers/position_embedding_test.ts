import assert from "node:assert/strict";
import { tf } from "@seed/core";
import golden from "../../tests/golden/position_embedding.json" with { type: "json" };
import { assertFingerprint } from "../../tests/golden/fingerprint.ts";
import {
  ANTIALIASED_INTERPOLATION,
  interpolatePositions,
  interpolationMatrix,
  OFFSET_INTERPOLATION,
} from "./position_embedding.ts";

Deno.test("interpolationMatrix equals PyTorch's interpolate, with a scale and antialiased", () => {
  for (const [name, expected] of Object.entries(golden)) {
    const [, from, to, kind] = name.match(/^(\d+) to (\d+), (\w+)$/)!;
    const interpolation = kind === "offset" ? OFFSET_INTERPOLATION : ANTIALIASED_INTERPOLATION;
    const matrix = interpolationMatrix(Number(from), Number(to), interpolation);
    assertFingerprint(name, matrix, expected, { tolerance: 1e-6 });
  }
});

Deno.test("interpolatePositions gives the positions themselves for their own grid", () => {
  const positions = tf.range(0, 18).reshape([9, 2]) as tf.Tensor2D;
  assert.equal(interpolatePositions(positions, [3, 3], OFFSET_INTERPOLATION), positions);
  positions.dispose();
});

Deno.test("interpolatePositions takes rows and columns apart, row by row", async () => {
  // The first channel tells the row, the second the column: of a grid of two columns there are two columns' values.
  const cells = Array.from({ length: 16 }, (_, i) => [Math.floor(i / 4), i % 4]);
  const positions = tf.tensor2d(cells), { numTensors } = tf.memory();
  const grid = interpolatePositions(positions, [4, 2], ANTIALIASED_INTERPOLATION);
  assert.deepEqual(grid.shape, [8, 2]);
  assert.equal(tf.memory().numTensors, numTensors + 1);
  const values = await grid.array();
  for (const [i, [row, column]] of values.entries()) {
    assert.ok(Math.abs(row - Math.floor(i / 2)) < 1e-5, `row of ${i}: ${row}`);
    assert.ok(Math.abs(column - values[i % 2][1]) < 1e-5, `column of ${i}: ${column}`);
  }
  assert.ok(values[0][1] < values[1][1]);
  tf.dispose([positions, grid]);
});
