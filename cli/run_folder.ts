import { RunError, SafetensorsFile, UsageError } from "@seed/core";
import { exists, loadRecipeParts, type Recipe, type RecipePart, RunFolder } from "@seed/core/host";
import { inputSizeOf } from "@seed/nn/host";
import { DEFAULTS } from "./defaults.ts";

/** What the command line says of a run's recipe. */
export interface RunFlags {
  /** `key.path=value` each. */
  readonly overrides: readonly string[];
  /** Whether plugins of the run that do not come with SEED may be imported, which runs their code. */
  readonly allowPlugins: boolean;
}

/** Parts of a run's recipe. */
export type RunRecipe<P extends RecipePart> = Pick<Recipe, P | "path" | "name" | "seed" | "train">;

/** What a finished run has left. */
export interface FinishedRun extends Disposable {
  folder: string;
  /** What made the student. */
  recipe: RunRecipe<"engine" | "student">;
  /** More of its recipe: only what is wanted is imported. */
  parts<P extends RecipePart>(
    wanted: { parts: readonly P[]; evaluators?: readonly string[] },
  ): Promise<RunRecipe<P>>;
  /** The trained student. */
  weights: SafetensorsFile;
  /** Side in pixels of the views that it was trained on. */
  inputSize: number;
}

/**
 * Opens the folder of a finished run. Its recipe came with the folder, so it is trusted with no plugins but SEED's,
 * unless the user says so.
 *
 * @throws {UsageError} If it is no run's folder, or names other plugins than it may.
 * @throws {RunError} If the run is not finished.
 */
export async function openRun(folder: string, { overrides, allowPlugins }: RunFlags): Promise<FinishedRun> {
  const recipePath = await recipeOf(folder), trust = allowPlugins ? "named" : "shipped";
  const parts: FinishedRun["parts"] = async (wanted) =>
    await loadRecipeParts(recipePath, wanted, { overrides, defaults: DEFAULTS, ofRun: true, trust });
  const recipe = await parts({ parts: ["engine", "student"] });
  const path = new RunFolder(folder).file("student");
  if (!await exists(path)) {
    throw new RunError(await whyUnfinished(new RunFolder(folder)));
  }
  const weights = await SafetensorsFile.open(path), inputSize = inputSizeOf(weights, null);
  return { folder, recipe, parts, weights, inputSize, [Symbol.dispose]: () => weights[Symbol.dispose]() };
}

async function whyUnfinished(run: RunFolder): Promise<string> {
  const isUnderWay = run.isUnderWay(), step = (await run.checkpointSteps()).at(-1);
  const [what, missing, wait] = isUnderWay
    ? ["under way", " yet", "wait for its end"]
    : ["not finished", "", "go on with it by distill --resume"];
  const told = `The run "${run.path}" is ${what}: it has no "student.safetensors"${missing}`;
  if (step === undefined) return `${told}; ${wait}`;
  return `${told}, its newest checkpoint is of step ${step}; ${wait}, ` +
    `or give "${run.checkpointFile(step)}" to embed as --weights`;
}

/** The run's resolved recipe. */
async function recipeOf(folder: string): Promise<string> {
  const run = new RunFolder(folder);
  if (await run.isRun()) return run.file("recipe");
  throw new UsageError(`"${folder}" is not the folder of a run: it has no "recipe.yaml"`);
}
