import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { unit } from "../../tests/golden/formula.ts";
import { testEngine } from "../../tests/support/engine.ts";
import { runners } from "../../tests/support/runners.ts";
import { layerNorm } from "./layer_norm.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

const ROWS = 3, CHANNELS = 5;
const noise = (name: string, count: number) => [...unit(name, count)].map((value) => 4 * value - 1);
const scale = noise("scale", CHANNELS), offset = noise("offset", CHANNELS);
const x = noise("x", ROWS * CHANNELS), dy = noise("dy", ROWS * CHANNELS);

/** The textbook's, in float64. */
function reference(x: number[], scale: number[], offset: number[]): number[] {
  return x.map((value, i) => {
    const column = i % CHANNELS, row = x.slice(i - column, i - column + CHANNELS);
    const mean = row.reduce((a, b) => a + b) / CHANNELS;
    const variance = row.reduce((sum, each) => sum + (each - mean) ** 2, 0) / CHANNELS;
    return (value - mean) / Math.sqrt(variance + 1e-6) * scale[column] + offset[column];
  });
}

/** Slope of `sum(dy * reference)` along each of an argument's numbers. */
function slopes(argument: 0 | 1 | 2): number[] {
  const loss = (moved: number, step: number) => {
    const args = [x, scale, offset].map((values, i) =>
      values.map((value, j) => i === argument && j === moved ? value + step : value)
    ) as [number[], number[], number[]];
    return reference(...args).reduce((sum, value, i) => sum + value * dy[i], 0);
  };
  return [x, scale, offset][argument].map((_, i) => (loss(i, 1e-5) - loss(i, -1e-5)) / 2e-5);
}

Deno.test("layerNorm has its value and gradients", async () => {
  const engine = await testEngine();
  const inputs = [tf.tensor2d(x, [ROWS, CHANNELS]), tf.tensor1d(scale), tf.tensor1d(offset)];
  const upstream = tf.tensor2d(dy, [ROWS, CHANNELS]);
  const norm = (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) => {
    const values: Record<string, tf.Tensor> = { "norm.weight": scale, "norm.bias": offset };
    const source: ParameterSource = { frozen: false, parameters: [], get: (name) => values[name] };
    return layerNorm(source, "norm", CHANNELS)(x as tf.Tensor2D);
  };
  for (const [how, run] of Object.entries(runners(engine))) {
    const [y, ...gradients] = await run(
      (...all) => {
        const upstream = all.pop()!;
        const loss = (...args: tf.Tensor[]) =>
          tf.sum(tf.mul(norm(args[0], args[1], args[2]), upstream)) as tf.Scalar;
        return [norm(all[0], all[1], all[2]), ...tf.grads(loss)(all)];
      },
      ...inputs,
      upstream,
    );
    const check = (what: string, actual: Float32Array, expected: number[]) => {
      assert.equal(actual.length, expected.length);
      expected.forEach((value, i) =>
        assert.ok(Math.abs(actual[i] - value) < 1e-4, `${what} ${i}, ${how}: ${actual[i]}, expected ${value}`)
      );
    };
    check("value", y, reference(x, scale, offset));
    for (const argument of [0, 1, 2] as const) check(`gradient`, gradients[argument], slopes(argument));
  }
  tf.dispose([inputs, upstream]);
});
