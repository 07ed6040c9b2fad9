import assert from "node:assert/strict";
import { type Engine, tf } from "@seed/core";
import { type Runner, runnerInBf16, runners } from "./runners.ts";

type Layer = (...inputs: tf.Tensor[]) => tf.Tensor;

/** Length of a tensor's error in bf16, as a share of its length: 0.006 in the mean, more where a ReLU's bend is near. */
const ERROR_IN_BF16 = 0.06;

/**
 * Asserts that two layers give the same values and the same gradients of every input, operation by operation and
 * traced, and leave the same in variables; and that the first gives about the same where it is traced in bf16.
 *
 * @param inputs With their names.
 * @param options.moved Variables that both layers change.
 * @param options.tolerance As a share of the largest number of a tensor. Default 1e-4.
 */
export async function assertSameGradients(
  engine: Engine,
  [layer, reference]: readonly [layer: Layer, reference: Layer],
  inputs: Readonly<Record<string, tf.Tensor>>,
  { moved = {}, tolerance = 1e-4 }: { moved?: Record<string, tf.Variable>; tolerance?: number } = {},
): Promise<void> {
  const tensors = Object.values(inputs);
  const upstream = tf.tidy(() => tf.randomUniform(reference(...tensors).shape, -1, 1, "float32", 1));
  const start = Object.values(moved).map((variable) => variable.clone());
  const outcome = async (layer: Layer, run: Runner) => {
    Object.values(moved).forEach((variable, i) => variable.assign(start[i]));
    const results = await run(
      (upstream, ...tensors) => {
        const loss = (...inputs: tf.Tensor[]) => tf.sum(tf.mul(layer(...inputs), upstream));
        const gradients = tf.grads(loss)(tensors); // the one run that moves variables
        const before = Object.values(moved).map((variable) => variable.clone());
        const value = layer(...tensors);
        Object.values(moved).forEach((variable, i) => variable.assign(before[i]));
        return [value, ...gradients];
      },
      upstream,
      ...tensors,
    );
    return [...results, ...Object.values(moved).map((variable) => variable.dataSync().slice())];
  };
  const names = ["value", ...Object.keys(inputs).map((name) => `gradient of ${name}`), ...Object.keys(moved)];
  for (const [how, run] of Object.entries(runners(engine))) {
    const actual = await outcome(layer, run), expected = await outcome(reference, run);
    assert.equal(actual.length, names.length);
    names.forEach((name, n) => {
      assert.equal(actual[n].length, expected[n].length, name);
      const largest = Math.max(1e-3, ...Array.from(expected[n], Math.abs));
      expected[n].forEach((value, i) => {
        const message = `${how}: ${name}[${i}] is ${actual[n][i]}, expected ${value}`;
        assert.ok(Math.abs(actual[n][i] - value) <= tolerance * largest, message);
      });
    });
  }
  const inBf16 = await outcome(layer, runnerInBf16(engine)),
    expected = await outcome(reference, runners(engine).eager);
  names.forEach((name, n) => {
    const error = length(Array.from(expected[n], (value, i) => value - inBf16[n][i])) /
      Math.max(1e-3, length(expected[n]));
    assert.ok(error <= ERROR_IN_BF16, `in bf16: the error of ${name} is ${error} of its length`);
  });
  tf.dispose([upstream, start]);
}

function length(vector: ArrayLike<number>): number {
  return Math.hypot(...Array.from(vector));
}
