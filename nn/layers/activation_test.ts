import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { testEngine } from "../../tests/support/engine.ts";
import { runners } from "../../tests/support/runners.ts";
import {
  type Activation,
  gelu,
  geluTanh,
  hardSigmoid,
  hardSwish,
  quickGelu,
  relu,
  relu6,
  sigmoid,
  silu,
} from "./activation.ts";
import type { Layer } from "./conv.ts";

/** Small, large, and where an exponential would overflow. */
const points = [
  -1e4,
  -200,
  -90,
  -30,
  -6,
  -3.1,
  -2.9,
  -1,
  -0.1,
  -1e-6,
  1e-6,
  0.1,
  1,
  2.9,
  3.1,
  5.9,
  6.1,
  30,
  90,
  200,
  1e4,
];

const logistic = (x: number) => x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x));
const ramp = (x: number) => Math.min(6, Math.max(0, x + 3)) / 6;
const density = (x: number) => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
/** Of a normal variable below `x`, by Simpson's rule. */
function share(x: number): number {
  const end = Math.min(40, Math.max(-40, x)), step = end / 2000;
  const inner = Array.from({ length: 1999 }, (_, i) => (i % 2 ? 2 : 4) * density((i + 1) * step));
  return 0.5 + step / 3 * inner.reduce((sum, value) => sum + value, density(0) + density(end));
}
/** `x * logistic(gate(x))`. */
function gated(activation: Layer, gate: (x: number) => number, slope: (x: number) => number) {
  const of = (x: number) => logistic(gate(x)), out = (x: number) => logistic(-gate(x));
  return [
    ...[activation, (x: number) => x * of(x), (x: number) => of(x) * (1 + x * out(x) * slope(x))] as const,
  ] as [Layer, (x: number) => number, (x: number) => number];
}
const functions: Record<
  string,
  [activation: Activation | Layer, value: (x: number) => number, slope: (x: number) => number]
> = {
  relu: [relu, (x) => Math.max(0, x), (x) => Number(x > 0)],
  relu6: [relu6, (x) => Math.min(6, Math.max(0, x)), (x) => Number(x > 0 && x < 6)],
  sigmoid: [sigmoid, logistic, (x) => logistic(x) * logistic(-x)],
  silu: [silu, (x) => x * logistic(x), (x) => logistic(x) * (1 + x * logistic(-x))],
  hardSigmoid: [hardSigmoid, ramp, (x) => Math.abs(x) < 3 ? 1 / 6 : 0],
  hardSwish: [hardSwish, (x) => x * ramp(x), (x) => ramp(x) + (Math.abs(x) < 3 ? x / 6 : 0)],
  gelu: [gelu, (x) => x * share(x), (x) => share(x) + x * density(x)],
  quickGelu: gated(quickGelu, (x) => 1.702 * x, () => 1.702),
  geluTanh: gated(
    geluTanh,
    (x) => 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3),
    (x) => 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x ** 2),
  ),
};

for (const [name, [activation, value, slope]] of Object.entries(functions)) {
  Deno.test(`${name} has its value and gradient, also far from zero`, async () => {
    const engine = await testEngine();
    const x = tf.tensor4d(points, [1, 1, 1, points.length]);
    const dy = points.map((_, i) => 1 + i / 7), upstream = tf.tensor4d(dy, [1, 1, 1, points.length]);
    for (const [how, run] of Object.entries(runners(engine))) {
      const [y, dx, ofBody, ofGradient] = await run(
        (x, upstream) => {
          const loss = (x: tf.Tensor) => tf.sum(tf.mul(activation(x as tf.Tensor4D), upstream)) as tf.Scalar;
          const parts = "body" in activation
            ? [...activation.body(x), ...activation.gradient(upstream, x)]
            : [];
          return [activation(x as tf.Tensor4D), tf.grad(loss)(x), ...parts];
        },
        x,
        upstream,
      );
      points.forEach((point, i) => {
        const check = (what: string, actual: number, expected: number) =>
          assert.ok(
            Math.abs(actual - expected) <= 2e-6 * Math.max(1, Math.abs(expected)),
            `${what} at ${point}, ${how}: ${actual}, expected ${expected}`,
          );
        check(name, y[i], value(point));
        check(`gradient of ${name}`, dx[i], dy[i] * slope(point));
        if (!ofBody) return; // gelu is a function alone
        check(`body of ${name}`, ofBody[i], value(point));
        check(`gradient part of ${name}`, ofGradient[i], dy[i] * slope(point));
      });
    }
    tf.dispose([x, upstream]);
  });
}
