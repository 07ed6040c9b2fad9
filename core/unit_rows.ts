import { tf } from "./tf.ts";

/**
 * Scales each row to unit length, as PyTorch's `F.normalize`: the norm is at least 1e-12.
 *
 * @param x `[rows, columns]` float32.
 * @returns the same shape.
 *
 * @example
 * ```ts
 * import { tf, unitRows } from "@seed/core";
 * import assert from "node:assert/strict";
 *
 * await tf.setBackend("cpu");
 * const rows = unitRows(tf.tensor2d([[3, 4], [0, -2], [0, 0]]));
 * const cosines = tf.matMul(rows, rows, false, true); // of unit rows, products are cosines
 * assert.deepEqual([...rows.dataSync().slice(2)], [0, -1, 0, 0]); // zeros stay zeros
 * assert.ok(Math.abs(cosines.dataSync()[1] - -0.8) < 1e-6);
 * ```
 */
export function unitRows(x: tf.Tensor2D): tf.Tensor2D {
  const norm = tf.sqrt(tf.sum(tf.square(x), 1, true));
  return tf.div(x, tf.maximum(norm, 1e-12));
}
