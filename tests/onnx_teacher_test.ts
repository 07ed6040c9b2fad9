/**
 * A run with an ONNX file as its teacher, from the recipe to the student.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { distill, loadRecipe, sha256OfFile } from "@seed/core/host";
import { DEFAULTS } from "../cli/defaults.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { onnxRuntime } from "./support/onnx_runtime.ts";

const support = new URL("./support/plugins.ts", import.meta.url).href;
const MODEL = join(import.meta.dirname!, "golden/onnx_teacher.onnx");

const recipeOf = (root: string) =>
  `version: 1
seed: 1
engine: { plugin: "${support}#engine" }
data: { plugin: "@seed/data-image-folder", root: "${root}" }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 8 }
teacher:
  plugin: "@seed/teacher-onnx"
  weights: "${MODEL}"
  output: rows
  mean: [0.5, 0.4, 0.3]
  std: [0.2, 0.25, 0.3]
student: { plugin: "${support}#student" }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-seed", teacher_temperature: 0.2 }
train: { batch_size: 4, epochs: 5, lr: 0.2, schedule_by: step, workers: 1 }
`;

Deno.test("a student learns from an ONNX file, whose hash the run records", async () => {
  await onnxRuntime(); // fetched, if need be, before the clock of the run starts
  const folder = await Deno.makeTempDir({ prefix: "seed-onnx-" });
  try {
    const images = join(folder, "images"), path = join(folder, "recipe.yaml"), out = join(folder, "run");
    await makeImageFolder(images, { train: 8, val: 1 }, ["rows", "stripes"]);
    await Deno.writeTextFile(path, recipeOf(images));
    const recipe = await loadRecipe(path, { defaults: DEFAULTS });
    const host = { log: () => {}, signal: new AbortController().signal };
    const { finished } = await distill(recipe, { out, maxSteps: null, resume: false }, host);
    assert.ok(finished);
    const { teacher } = JSON.parse(await Deno.readTextFile(join(out, "run.json")));
    const sha256 = await sha256OfFile(MODEL);
    assert.deepEqual(teacher, { file: MODEL, sha256, layout: "onnx", tensors: 3 });
    const lines = (await Deno.readTextFile(join(out, "metrics.jsonl"))).trim().split("\n");
    const losses = lines.map((line) => JSON.parse(line).loss as number).filter(Number.isFinite);
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
    assert.equal(losses.length, 20);
    assert.ok(mean(losses.slice(-5)) < mean(losses.slice(0, 5)) - 0.3, `the losses are ${losses.join(" ")}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
