import assert from "node:assert/strict";
import "../../tests/support/eager_engine.ts";
import { tf } from "../tf.ts";
import { LossBounds } from "./loss_bounds.ts";

function metricsOf(...told: { floor?: tf.Scalar | number; uniform?: number; weight: number }[]) {
  const bounds = new LossBounds();
  for (const { weight, ...result } of told) bounds.add(result, weight);
  return Object.fromEntries(
    Object.entries(bounds.metrics()).map(([name, value]) => [name, value.dataSync()[0]]),
  );
}

Deno.test("bounds of a sum are the weighted sum of its losses' own", () => {
  const told = metricsOf({ floor: tf.scalar(2), uniform: 5, weight: 1 }, {
    floor: 0.5,
    uniform: 3,
    weight: 4,
  });
  assert.deepEqual(told, { loss_floor: 4, loss_uniform: 17 });
});

Deno.test("where one loss does not tell a bound, the sum has none", () => {
  assert.deepEqual(metricsOf({ floor: 2, uniform: 5, weight: 1 }, { floor: 0, weight: 1 }), {
    loss_floor: 2,
  });
  assert.deepEqual(metricsOf({ weight: 1 }), {});
});
