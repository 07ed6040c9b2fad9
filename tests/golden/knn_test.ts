import assert from "node:assert/strict";
import type { EmbeddedSet } from "@seed/core";
import plugin from "@seed/evaluator-knn";
import { testContext, testEngine } from "../support/engine.ts";
import { uniform } from "./formula.ts";
import golden from "./knn.json" with { type: "json" };

const DIM = 8, CLASSES = 5;

/** Row i is a noisy, scaled copy of the centre of class i % CLASSES. */
function clusters(name: string, rows: number): Float32Array {
  const centres = uniform("centres", [CLASSES, DIM]), noise = uniform(name, [rows, DIM]);
  const scale = uniform(`${name}.scale`, [rows, 1], 0.5, 2);
  return noise.map((value, i) => {
    const row = Math.floor(i / DIM), centre = centres[(row % CLASSES) * DIM + i % DIM];
    return (centre + value) * scale[row];
  });
}

function labelled(features: Float32Array, label: (row: number) => number): EmbeddedSet {
  const image = () => ({ name: "", file: "" });
  return { features, featureDim: DIM, images: { length: features.length / DIM, image, label } };
}

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
