/**
 * What a run writes about itself: `run.json` at its start, `summary.json` at its end.
 *
 * @module
 */
import { resolve } from "node:path";
import type { Components } from "./components.ts";
import type { Recipe } from "./recipe/load_recipe.ts";
import type { RunDirectory } from "./run_directory.ts";
import { tf } from "./tf.ts";

/** Versions, device, seed, weights and counts. */
export function runFacts(recipe: Recipe, parts: Components): Record<string, unknown> {
  const { engine, teacher, student, data } = parts;
  return {
    started: new Date().toISOString(),
    recipe: resolve(recipe.path),
    seed: recipe.seed,
    versions: { deno: Deno.version.deno, tfjs: tf.version_core, [engine.name]: engine.version },
    device: engine.device,
    cores: navigator.hardwareConcurrency,
    teacher: teacher?.weights ?? null,
    student: {
      network: student.network,
      parameters: student.parameters.filter((p) => p.trainable).reduce(
        (sum, { variable }) => sum + variable.size,
        0,
      ),
    },
    images: {
      train: data.train.length,
      gallery: data.evaluation?.gallery.length ?? 0,
      queries: data.evaluation?.queries.length ?? 0,
    },
  };
}

/** The outcome, from the metrics that the run has written. */
export async function writeSummary(
  directory: RunDirectory,
  recipe: Recipe,
  measured: { imagesPerSecond: number | null; waitedMs: number },
): Promise<void> {
  const metrics = await directory.metrics();
  const steps = metrics.filter((line) => "loss" in line), last = steps.at(-1);
  await directory.writeJson("summary.json", {
    recipe: recipe.name,
    steps: last?.step ?? 0,
    images_seen: Number(last?.step ?? 0) * recipe.train.batch_size,
    final_loss: last?.loss ?? null,
    images_per_second: measured.imagesPerSecond,
    data_wait_seconds: measured.waitedMs / 1000,
    evaluations: metrics.filter((line) => "evaluation" in line),
  });
}
