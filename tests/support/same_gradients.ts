import assert from "node:assert/strict";
import { type Engine, tf } from "@seed/core";
import { FUSES_BY_HAND, testInBf16 } from "./engine.ts";
import { type Runner, runnerInBf16, runners } from "./runners.ts";

type Layer = (...inputs: tf.Tensor[]) => tf.Tensor;

/**
 * Length of a tensor's error in bf16, as a share of its length: 0.006 in the mean, up to 0.1 where maps are far from
 * zero, so that rounding moves them across a ReLU's bend. A wrong formula shows in fp32.
 */
const ERROR_IN_BF16 = 0.15;

/** Two layers that should be the same, the second one the reference. */
type Layers = readonly [layer: Layer, reference: Layer];

/**
 * Asserts that they are.
 *
 * @param inputs With their names; the first are maps.
 * @param options.moved Variables that both layers change.
 * @param options.tolerance In fp32, as a share of the largest number of a tensor. Default 1e-4.
 */
export type AssertSame = (
  engine: Engine,
  layers: Layers,
  inputs: Readonly<Record<string, tf.Tensor>>,
  options?: { moved?: Record<string, tf.Variable>; tolerance?: number },
) => Promise<void>;

/**
 * Two tests of layers that are fused by hand, ignored on an engine that fuses by itself: that they give the same values and the same gradients of every input, operation by operation and traced,
 * and leave the same in variables; and that the first gives about the same where it is traced in bf16, which is ignored
 * where the engine does not train in it.
 */
export function testSameGradients(name: string, compare: (assertSame: AssertSame) => Promise<void>): void {
  const why = FUSES_BY_HAND
    ? ""
    : " (ignored: this engine fuses by itself, and networks do not use them on it)";
  Deno.test({
    name: name + why,
    ignore: !FUSES_BY_HAND,
    fn: () => compare((...given) => withOutcomes(given, assertSameInFp32)),
  });
  testInBf16(
    `${name}, about the same in bf16`,
    () => compare((...given) => withOutcomes(given, assertSameInBf16)),
  );
}

/** What a layer gives when it is run so: values of everything that is compared. */
type Outcome = (layer: Layer, run: Runner) => Promise<ArrayLike<number>[]>;
type Compare = (
  given: { engine: Engine; layers: Layers; names: readonly string[]; tolerance: number },
  outcome: Outcome,
) => Promise<void>;

async function withOutcomes(
  [engine, layers, inputs, { moved = {}, tolerance = 1e-4 } = {}]: Parameters<AssertSame>,
  compare: Compare,
): Promise<void> {
  const [, reference] = layers;
  const asked = Object.values(inputs);
  const upstream = tf.tidy(() => tf.randomUniform(reference(...asked).shape, -1, 1, "float32", 1));
  const start = Object.values(moved).map((variable) => variable.clone());
  const outcome = async (layer: Layer, run: Runner) => {
    Object.values(moved).forEach((variable, i) => variable.assign(start[i]));
    const results = await run(
      (upstream, ...given) => {
        // A layer reads its variables itself: within a trace those that are given are others.
        const tensors = given.map((tensor, i) => asked[i] instanceof tf.Variable ? asked[i] : tensor);
        const loss = (...inputs: tf.Tensor[]) => tf.sum(tf.mul(layer(...inputs), upstream));
        const gradients = tf.grads(loss)(tensors); // the one run that moves variables
        const before = Object.values(moved).map((variable) => variable.clone());
        const value = layer(...tensors);
        Object.values(moved).forEach((variable, i) => variable.assign(before[i]));
        return [value, ...gradients];
      },
      upstream,
      ...asked,
    );
    return [...results, ...Object.values(moved).map((variable) => variable.dataSync().slice())];
  };
  const names = ["value", ...Object.keys(inputs).map((name) => `gradient of ${name}`), ...Object.keys(moved)];
  await compare({ engine, layers, names, tolerance }, outcome);
  tf.dispose([upstream, start]);
}

const assertSameInFp32: Compare = async (
  { engine, layers: [layer, reference], names, tolerance },
  outcome,
) => {
  for (const [how, run] of Object.entries(runners(engine))) {
    const actual = await outcome(layer, run), expected = await outcome(reference, run);
    assert.equal(actual.length, names.length);
    names.forEach((name, n) => {
      assert.equal(actual[n].length, expected[n].length, name);
      const largest = Math.max(1e-3, ...Array.from(expected[n], Math.abs));
      Array.from(expected[n]).forEach((value, i) => {
        const message = `${how}: ${name}[${i}] is ${actual[n][i]}, expected ${value}`;
        assert.ok(Math.abs(actual[n][i] - value) <= tolerance * largest, message);
      });
    });
  }
};

const assertSameInBf16: Compare = async ({ engine, layers: [layer, reference], names }, outcome) => {
  const inBf16 = await outcome(afterConvolution(layer), runnerInBf16(engine));
  const expected = await outcome(afterConvolution(reference), runners(engine).eager);
  names.forEach((name, n) => {
    const errors = Array.from(expected[n], (value, i) => value - inBf16[n][i]);
    const error = length(errors) / Math.max(1e-3, length(expected[n]));
    assert.ok(error <= ERROR_IN_BF16, `in bf16: the error of ${name} is ${error} of its length`);
  });
};

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
