/**
 * What a student is when training begins: the values of a file, and what of them stays.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { Host } from "../interfaces/host.ts";
import type { InitialWeights, InitialWeightsRecord, Student } from "../interfaces/student.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { freezeProblems, frozenBy } from "../training/freeze.ts";
import { checkWeightsHash } from "../weights/weights_hash.ts";

/**
 * Gives a student the values of the file that it begins from, and tells what is not as in the file.
 *
 * @throws {RunError} If the file does not fit.
 */
export async function loadInitialWeights(
  { plugin, options }: Pick<Recipe["student"], "plugin" | "options">,
  student: Student,
  weights: InitialWeights,
  host: Host,
): Promise<InitialWeightsRecord> {
  const { path } = weights, sha256 = await checkWeightsHash(weights, null);
  const taken = await plugin.loadWeights!(options as never, student, weights);
  for (const note of taken.notes) host.log(`The student begins from "${path}", but ${note}`);
  return { file: path, sha256, ...taken };
}

/**
 * Makes sure that a student freezes what its recipe says.
 *
 * @throws {UsageError} If that names nothing of it, all of it, or its plugin does not know how.
 */
export function requireFrozen(
  { student: { plugin }, train: { freeze, head_lr: headLr }, path }: Pick<
    Recipe,
    "student" | "train" | "path"
  >,
  { parameters }: Student,
): void {
  const problems = freezeProblems({ freeze, headLr }, parameters.map(({ name }) => name));
  if (problems.length) {
    const told = problems.map(({ key, message }) => `train.${key.join(".")}: ${message}`);
    throw new UsageError(`${path}: ${told.join("; ")}`);
  }
  const isFrozen = frozenBy(freeze), deaf = parameters.find(({ name, frozen }) => isFrozen(name) && !frozen);
  if (!deaf) return;
  throw new UsageError(
    `${path}: The student "${plugin.name}" does not freeze "${deaf.name}", which train.freeze names; its plugin has to ` +
      "hand isFrozen of its context to the network, or take train.freeze out",
  );
}
