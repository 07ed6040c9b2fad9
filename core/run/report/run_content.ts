/**
 * What a report is made of: all that a run's folder says, each part null or empty where it does not.
 *
 * @module
 */
import { basename, resolve } from "node:path";
import { RunError } from "../../errors.ts";
import { readTextIfThere } from "../../files/text_file.ts";
import { yamlValues } from "../../recipe/recipe_yaml.ts";
import { oneLine } from "../../text/printable.ts";
import { mappingIn } from "../mapping_in.ts";
import { Problems } from "../problems.ts";
import type { RunFolder } from "../run_folder.ts";
import { readSamples, type Samples } from "../samples/samples_file.ts";
import { type EvaluationLine, evaluationLines, type StepLine, stepLines } from "./lines.ts";
import { readTimings, type Timing } from "../timings_file.ts";

/** Values by name, as JSON has them. */
export type Mapping = Readonly<Record<string, unknown>>;

/** A run as its folder tells it. */
export interface RunContent {
  /** What it is called on the page. */
  name: string;
  path: string;
  state: "finished" | "under way" | "interrupted";
  /** `run.json`. */
  facts: Mapping;
  /** `summary.json`; null: the run has not come to its end. */
  summary: Mapping | null;
  /** `recipe.yaml`, and what it says. */
  recipe: string;
  settings: Mapping;
  steps: StepLine[];
  evaluations: EvaluationLine[];
  timings: Timing[];
  samples: Samples | null;
  /** What cannot be read of it. */
  problems: string[];
}

/**
 * Reads a run's folder. What is damaged is named, and the rest is read.
 *
 * @param name Default: the folder's.
 */
export async function readRun(run: RunFolder, name = basename(resolve(run.path))): Promise<RunContent> {
  const problems = new Problems();
  const recipe = await problems.attempt(() => readTextIfThere(run.file("recipe")), null) ?? "";
  const { lines, problem } = await problems.attempt(() => run.metrics(), { lines: [], problem: null });
  if (problem !== null) problems.told.push(problem);
  const summary = await problems.attempt(() => run.summary(), null);
  return {
    ...{ name, path: run.path, summary, recipe, problems: problems.told },
    state: run.isUnderWay() ? "under way" : summary ? "finished" : "interrupted",
    facts: await problems.attempt(() => run.facts(), {}),
    settings: await problems.attempt(() => settingsOf(recipe, run), {}),
    ...{ steps: stepLines(lines), evaluations: evaluationLines(lines) },
    timings: await problems.attempt(() => readTimings(run.file("timings")), []),
    samples: await problems.attempt(() => readSamples(run.file("samples")), null),
  };
}

function settingsOf(recipe: string, run: RunFolder): Mapping {
  try {
    return mappingIn({ recipe: yamlValues(recipe) }, "recipe");
  } catch (error) {
    const why = oneLine((error as Error).message.split("\n")[0]);
    throw new RunError(`The file "${run.file("recipe")}" is damaged: ${why}`);
  }
}

/** A number under a path of names; null if there is none. */
export function numberAt(values: Mapping, ...path: string[]): number | null {
  const value = valueAt(values, path);
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** The same of text. */
export function textAt(values: Mapping, ...path: string[]): string | null {
  const value = valueAt(values, path);
  return typeof value === "string" ? value : null;
}

function valueAt(values: Mapping, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? (value as Mapping)[key]
        : undefined,
    values,
  );
}
