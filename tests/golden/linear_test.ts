import assert from "node:assert/strict";
import plugin from "@seed/evaluator-linear";
import { testContext, testEngine } from "../support/engine.ts";
import { CLASSES, clusters, labelled } from "./clusters.ts";
import golden from "./linear.json" with { type: "json" };

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
