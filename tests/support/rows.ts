/**
 * Rows of numbers, for losses written down loop by loop in float64.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Random, tf } from "@seed/core";

export type Rows = number[][];

/** Random unit rows; `Math.fround` since the tensors hold float32. */
export function unitRows(random: Random, rows: number, dim: number): Rows {
  return Array.from({ length: rows }, () => {
    const row = Array.from({ length: dim }, () => random.normal());
    return row.map((x) => Math.fround(x / Math.hypot(...row)));
  });
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * b[i], 0);
}

export function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const powers = logits.map((x) => Math.exp(x - largest)), sum = powers.reduce((a, b) => a + b);
  return powers.map((x) => x / sum);
}

export function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b) / values.length;
}

/** A loss of student rows, as the plugin computes it. */
export type LossOf = (student: tf.Tensor2D) => tf.Scalar;

export function valueAt(loss: LossOf, student: Rows): number {
  return tf.tidy(() => loss(tf.tensor2d(student)).dataSync()[0]);
}

export function assertNear(actual: number, expected: number, tolerance: number, message: string): void {
  const allowed = tolerance * Math.max(1, Math.abs(expected));
  assert.ok(Math.abs(actual - expected) <= allowed, `${message}: ${actual}, expected ${expected}`);
}

/**
 * That these student rows are a minimum of the loss among unit rows: others have a larger loss, and the gradient has
 * no part along the sphere.
 */
export function assertMinimum(loss: LossOf, at: Rows, others: readonly Rows[]): void {
  const least = valueAt(loss, at);
  for (const other of others) assert.ok(valueAt(loss, other) > least, "another student has a smaller loss");
  const gradient = tf.tidy(() => tf.grad((z) => loss(z as tf.Tensor2D))(tf.tensor2d(at)).arraySync()) as Rows;
  gradient.forEach((row, i) => {
    const radial = dot(row, at[i]);
    row.forEach((g, j) => assert.ok(Math.abs(g - radial * at[i][j]) < 1e-5, `the gradient is ${gradient}`));
  });
}
