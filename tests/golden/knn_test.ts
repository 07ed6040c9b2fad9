import assert from "node:assert/strict";
import plugin from "@seed/evaluator-knn";
import { testContext, testEngine } from "../support/engine.ts";
import { CLASSES, clusters, labelled } from "./clusters.ts";
import golden from "./knn.json" with { type: "json" };

Deno.test("knn predicts the classes that scikit-learn predicts", async () => {
  const engine = await testEngine();
  const gallery = labelled(clusters("gallery", 500), (row) => row % CLASSES);
  // All at once: one search serves every number of neighbours.
  const ks = Object.keys(golden).map(Number);
  const knn = await plugin.create(plugin.options.parse({ k: ks }), { ...testContext, engine });
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
});
