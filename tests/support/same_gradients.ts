import assert from "node:assert/strict";
import { type Engine, tf } from "@seed/core";
import { trainsInBf16 } from "./engine.ts";
import { type Runner, runnerInBf16, runners } from "./runners.ts";

type Layer = (...inputs: tf.Tensor[]) => tf.Tensor;

/**
 * Length of a tensor's error in bf16, as a share of its length: 0.006 in the mean, up to 0.1 where maps are far from
 * zero, so that rounding moves them across a ReLU's bend. A wrong formula shows in fp32.
 */
const ERROR_IN_BF16 = 0.15;

/**
 * Asserts that two layers give the same values and the same gradients of every input, operation by operation and
 * traced, and leave the same in variables; and that the first gives about the same where it is traced in bf16.
 *
 * @param inputs With their names; the first are maps.
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
  if (await trainsInBf16()) {
    const inBf16 = await outcome(afterConvolution(layer), runnerInBf16(engine));
    const expected = await outcome(afterConvolution(reference), runners(engine).eager);
    names.forEach((name, n) => {
      const errors = Array.from(expected[n], (value, i) => value - inBf16[n][i]);
      const error = length(errors) / Math.max(1e-3, length(expected[n]));
      assert.ok(error <= ERROR_IN_BF16, `in bf16: the error of ${name} is ${error} of its length`);
    });
  }
  tf.dispose([upstream, start]);
}

/** The layer on maps that a convolution has made, which changes nothing but that they are in the function's precision. */
function afterConvolution(layer: Layer): Layer {
  return (maps, ...others) => {
    const channels = maps.shape[3]!, identity = tf.reshape(tf.eye(channels), [1, 1, channels, channels]);
    return layer(tf.conv2d(maps as tf.Tensor4D, identity as tf.Tensor4D, 1, "same"), ...others);
  };
}

function length(vector: ArrayLike<number>): number {
  return Math.hypot(...Array.from(vector));
}
