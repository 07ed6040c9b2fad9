/**
 * The file that a recipe's student begins from (`student.weights`), before anything is made of it.
 *
 * @module
 */
import { resolve } from "node:path";
import { RunError } from "../errors.ts";
import { exists, isFolder } from "../files/path_exists.ts";
import type { InitialWeights } from "../interfaces/student.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { checkWeightsHash } from "../weights/weights_hash.ts";
import { RunFolder } from "./run_folder.ts";

/**
 * Looks for the file, and whether the student can begin from it. Needs neither engine nor data.
 *
 * @returns the file; null: the student begins from noise.
 * @throws {RecipeError} If it is not there, is another than `student.sha256` says, or does not fit; with the place of
 *   the key.
 */
export async function checkInitialWeights(
  { student }: Pick<Recipe, "student">,
): Promise<InitialWeights | null> {
  const { plugin, options, weights, sha256, below, allow_unused: allowUnused } = student;
  if (weights === null) return null;
  const at = async <T>(key: string, look: () => Promise<T>): Promise<T> => {
    try {
      return await look();
    } catch (error) {
      throw error instanceof RunError ? student.refusal(key, error.message) : error;
    }
  };
  const named = await at("weights", () => fileOf(resolve(weights)));
  const found = await at(
    "weights",
    async () => await plugin.checkWeights?.(options as never, { path: named, below, allowUnused }),
  );
  const { path, files } = found ?? { path: named };
  if (sha256 !== null) await at("sha256", () => checkWeightsHash({ path, files }, sha256));
  return { path, ...files && { files }, below, allowUnused };
}

/** Of a run's folder its student; other folders the plugin knows. */
async function fileOf(path: string): Promise<string> {
  if (!await isFolder(path)) return path;
  const run = new RunFolder(path), file = run.file("student");
  if (await exists(file)) return file;
  if (!await run.isRun()) return path;
  const newest = (await run.checkpointSteps()).at(-1);
  throw new RunError(
    `The run "${path}" has not come to its end, so that it has no student.safetensors${
      newest === undefined ? "" : `; name its newest checkpoint, "${run.checkpointFile(newest)}"`
    }`,
  );
}
