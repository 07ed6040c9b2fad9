import assert from "node:assert/strict";
import { type TeacherHead, tf, toTorch, unitRows } from "@seed/core";
import { TrainableParameters } from "@seed/nn";
import { isReused, reusedHead } from "../../nn/students/reused_head.ts";
import { discoLoss } from "@seed/objective-disco";
import { testEngine } from "../support/engine.ts";
import { runners } from "../support/runners.ts";
import { assertFingerprint } from "./fingerprint.ts";
import { fill, uniform, weight } from "./formula.ts";
import golden from "./retro.json" with { type: "json" };

const FEATURES = 6, TEACHER = 8, DIM = 5, BATCH = 4;

/** Shapes of the heads' values, as PyTorch has them. */
const HEADS: Record<keyof typeof golden, Record<string, number[]>> = {
  "moco v1": { "0.weight": [DIM, TEACHER], "0.bias": [DIM] },
  "moco v2": {
    "0.weight": [TEACHER, TEACHER],
    "0.bias": [TEACHER],
    "2.weight": [DIM, TEACHER],
    "2.bias": [DIM],
  },
  "swav": {
    ...{ "0.weight": [7, TEACHER], "0.bias": [7] },
    ...{ "1.weight": [7], "1.bias": [7], "1.running_mean": [7], "1.running_var": [7] },
    ...{ "3.weight": [DIM, 7], "3.bias": [DIM] },
  },
  "simsiam": { "0.weight": [DIM, TEACHER], "1.running_mean": [DIM], "1.running_var": [DIM] },
};

function headOf(shapes: Record<string, number[]>): TeacherHead {
  const values = Object.entries(shapes).map(([name, shape]) => {
    const tensor = tf.tensor(weight(`teacher.${name}`, shape), shape);
    return shape.length === 2
      ? { name, kind: "linear" as const, tensor: tf.tidy(() => tf.transpose(tensor)) }
      : { name, kind: "vector" as const, tensor };
  });
  return { inputDim: TEACHER, values };
}

for (const [name, expected] of Object.entries(golden)) {
  Deno.test(`an adapter before the frozen head of ${name} learns as PyTorch's`, async () => {
    const engine = await testEngine();
    using source = new TrainableParameters(0, isReused);
    const head = reusedHead(source, FEATURES, headOf(HEADS[name as keyof typeof golden]));
    const [weight, bias, ...others] = source.parameters;
    assert.deepEqual([weight.name, bias.name], ["head.0.weight", "head.0.bias"]);
    assert.ok(others.every(({ frozen }) => frozen) && !weight.frozen && !bias.frozen);
    fill([{ ...weight, name: "adapter.weight" }, { ...bias, name: "adapter.bias" }]);

    const features = tf.tensor2d(uniform("features", [BATCH, FEATURES]), [BATCH, FEATURES]);
    const target = tf.tidy(() => unitRows(tf.tensor2d(uniform("target", [BATCH, DIM]), [BATCH, DIM])));
    for (const [how, run] of Object.entries(runners(engine))) {
      const [embedding, loss, ofWeight, ofBias] = await run(
        (x, target) => {
          const lossOf = () => discoLoss(unitRows(head(x as tf.Tensor2D)), target as tf.Tensor2D);
          const { value, grads } = tf.variableGrads(lossOf, [weight.variable, bias.variable]);
          return [head(x as tf.Tensor2D), value, grads[weight.variable.name], grads[bias.variable.name]];
        },
        features,
        target,
      );
      assertValues(`embedding, ${how}`, embedding, expected.embedding);
      assertValues(`loss, ${how}`, loss, [expected.loss]);
      assertValues(
        `gradient of the adapter, ${how}`,
        toTorch(ofWeight, [FEATURES, TEACHER], "linear"),
        expected.weight,
      );
      assertValues(`gradient of its bias, ${how}`, ofBias, expected.bias);
    }
    tf.dispose([features, target]);
  });
}

function assertValues(name: string, actual: Float32Array, expected: number[]): void {
  const rms = Math.sqrt(expected.reduce((sum, x) => sum + x * x, 0) / expected.length);
  assertFingerprint(name, actual, { rms, projections: [], samples: expected }, { tolerance: 1e-5 });
}
