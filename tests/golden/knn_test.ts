import assert from "node:assert/strict";
import plugin from "@seed/evaluator-knn";
import { testContext, testEngine } from "../support/engine.ts";
import { CLASSES, clusters, labelled } from "./clusters.ts";
import golden from "./knn.json" with { type: "json" };

Deno.test("knn predicts the classes that scikit-learn predicts", async () => {
  const engine = await testEngine();
  const gallery = labelled(clusters("gallery", 60), (row) => row % CLASSES);
  for (const [k, predictions] of Object.entries(golden)) {
    const knn = await plugin.create(plugin.options.parse({ k: Number(k) }), { ...testContext, engine });
    const top1 = async (labels: number[]) => {
      const subject = { gallery, queries: labelled(clusters("queries", 40), (row) => labels[row]) };
      return (await knn.evaluate({ subject, teacher: null })).top1;
    };
    // Measured against scikit-learn's predictions, every one of ours must be right.
    assert.equal(await top1(predictions), 1, `k ${k}`);
    assert.equal(await top1(predictions.with(7, (predictions[7] + 1) % CLASSES)), 39 / 40);
  }
});
