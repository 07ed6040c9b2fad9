import assert from "node:assert/strict";
import plugin from "@seed/evaluator-linear";
import { testContext, testEngine } from "../support/engine.ts";
import { CLASSES, clusters, DIM, labelled } from "./clusters.ts";
import { sgdProbe } from "../../plugins/evaluators/linear/sgd_probe.ts";
import { uniform } from "./formula.ts";
import golden from "./linear.json" with { type: "json" };
import goldenSgd from "./linear_sgd.json" with { type: "json" };

Deno.test("the linear probe predicts the classes that scikit-learn's logistic regression predicts", async () => {
  const engine = await testEngine();
  const gallery = labelled(clusters("gallery", 60), (row) => row % CLASSES);
  for (const [l2, predictions] of Object.entries(golden)) {
    const options = plugin.options.parse({ l2: [Number(l2)] });
    const linear = await plugin.create(options, { ...testContext, engine });
    const top1 = async (labels: number[]) => {
      const queries = labelled(clusters("queries", labels.length), (row) => labels[row]);
      return (await linear.evaluate({ subject: { gallery, queries }, teacher: null })).top1;
    };
    // Measured against scikit-learn's predictions, every one of ours must be right.
    assert.equal(await top1(predictions), 1, `l2 ${l2}`);
    const wrong = predictions.with(7, (predictions[7] + 1) % CLASSES);
    assert.equal(await top1(wrong), 1 - 1 / predictions.length);
  }
});

Deno.test("the probe by MoCo's schedule ends with the weights that PyTorch's ends with", async () => {
  const engine = await testEngine(), rows = 60;
  const labels = Int32Array.from({ length: rows }, (_, row) => row % CLASSES);
  const start = uniform("probe", [CLASSES, DIM]), transposed = new Float32Array(start.length);
  start.forEach((value, i) => transposed[(i % DIM) * CLASSES + Math.floor(i / DIM)] = 0.01 * value);
  const { parameters } = await sgdProbe(
    engine,
    { data: clusters("gallery", rows), dim: DIM, labels },
    CLASSES,
    {
      ...{ lr: 3, batch_size: 16, epochs: 12, drops: [6, 9], seed: 0, start: transposed },
      order: (epoch) => Array.from({ length: rows }, (_, i) => (i + epoch) % rows),
    },
  );
  const { weight, bias } = goldenSgd, largest = Math.max(...weight.map(Math.abs));
  const close = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) < 1e-4 * largest);
  weight.forEach((value, i) => close(parameters[(i % DIM) * CLASSES + Math.floor(i / DIM)], value));
  bias.forEach((value, i) => close(parameters[DIM * CLASSES + i], value));
});
