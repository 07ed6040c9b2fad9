import assert from "node:assert/strict";
import plugin from "@seed/evaluator-knn";
import { testContext, testEngine } from "../support/engine.ts";
import { CLASSES, clusters, labelled } from "./clusters.ts";
import usual from "./knn.json" with { type: "json" };
import low from "./knn_low_temperature.json" with { type: "json" };

for (const [temperature, golden] of [[0.07, usual], [0.0005, low]] as const) {
  Deno.test(`knn at temperature ${temperature} predicts the classes that scikit-learn predicts`, () =>
    predictsAs(golden, temperature));
}

async function predictsAs(golden: Record<string, number[]>, temperature: number): Promise<void> {
  const engine = await testEngine();
  const gallery = labelled(clusters("gallery", 500), (row) => row % CLASSES);
  // All at once: one search serves every number of neighbours.
  const ks = Object.keys(golden).map(Number);
  const knn = await plugin.create(plugin.options.parse({ k: ks, temperature }), { ...testContext, engine });
  for (const [k, predictions] of Object.entries(golden)) {
    const figures = async (labels: number[]) => {
      const subject = { gallery, queries: labelled(clusters("queries", 100), (row) => labels[row]) };
      return await knn.evaluate({ subject, teacher: null });
    };
    // Measured against scikit-learn's predictions, every one of ours must be right.
    assert.equal((await figures(predictions))[`top1_k${k}`], 1, `k ${k}`);
    const wrong = predictions.with(7, (predictions[7] + 1) % CLASSES);
    assert.equal((await figures(wrong))[`top1_k${k}`], 99 / 100);
  }
}
