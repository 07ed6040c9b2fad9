import { RunError, SafetensorsFile, UsageError } from "@seed/core";
import { exists, loadRecipe, type Recipe, RunFolder } from "@seed/core/host";
import { inputSizeOf } from "@seed/nn/host";
import { DEFAULTS } from "./defaults.ts";

/** What a finished run has left. */
export interface FinishedRun extends Disposable {
  recipe: Recipe;
  /** The trained student. */
  weights: SafetensorsFile;
  /** Side in pixels of the views that it was trained on. */
  inputSize: number;
}

/**
 * Opens the folder of a finished run.
 *
 * @param overrides Of its recipe, `key.path=value` each.
 * @throws {UsageError} If it is no run's folder.
 * @throws {RunError} If the run is not finished.
 */
export async function openRun(folder: string, overrides: readonly string[]): Promise<FinishedRun> {
  const recipe = await loadRecipe(await recipeOf(folder), { overrides, defaults: DEFAULTS, ofRun: true });
  const path = new RunFolder(folder).file("student");
  if (!await exists(path)) {
    throw new RunError(
      `The run "${folder}" is not finished: it has no "student.safetensors"; go on with it by distill --resume, ` +
        "or name one of its checkpoints as --weights of embed",
    );
  }
  const weights = await SafetensorsFile.open(path), inputSize = inputSizeOf(weights, null);
  return { recipe, weights, inputSize, [Symbol.dispose]: () => weights[Symbol.dispose]() };
}

/** The run's resolved recipe. */
async function recipeOf(folder: string): Promise<string> {
  const run = new RunFolder(folder);
  if (await run.isRun()) return run.file("recipe");
  throw new UsageError(`"${folder}" is not the folder of a run: it has no "recipe.yaml"`);
}
