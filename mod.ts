/**
 * SEED for Deno as a library: run recipes, write plugins, use the parts.
 *
 * What is here is what most programs need. All of the core is in `@seed/core`, the networks and the readers of
 * weights are in `@seed/nn`, and each plugin is a package of its own.
 *
 * @example SEED's loss, on tfjs's own backend: nothing is fetched or installed
 * ```ts
 * import { seedLoss, tf } from "@seed/distill";
 * import assert from "node:assert/strict";
 *
 * await tf.setBackend("cpu");
 * const zT = tf.tensor2d([[1, 0], [0, 1]]); // the teacher's embeddings of two views: unit rows
 * const D = tf.tensor2d([[0.6, 0.8], [0.8, -0.6], [-1, 0]]); // a queue of three earlier ones
 * const loss = (zS: tf.Tensor2D) => seedLoss(zS, zT, D, { tauS: 0.2, tauT: 0.01 }).dataSync()[0];
 *
 * const same = loss(zT), swapped = loss(tf.reverse(zT, 0)); // a student that agrees, one that mixes the two up
 * assert.ok(same < swapped);
 * ```
 *
 * @module
 */
import { loadRecipe as loadRecipeWith, type Recipe } from "@seed/core/host";
import { DEFAULTS } from "./cli/defaults.ts";

export {
  type About,
  type Augmenter,
  type DataSource,
  definePlugin,
  type Device,
  type Embedded,
  type EmbeddedSet,
  type Engine,
  type EvaluationDetails,
  type EvaluationInputs,
  type EvaluationRecord,
  type Evaluator,
  type Figures,
  type ImageReference,
  type ImageSet,
  type Logger,
  type NetworkContext,
  type Objective,
  type ObjectiveInputs,
  type ObjectiveNeeds,
  type ObjectiveResult,
  type Parameter,
  type Pixels,
  type Plugin,
  type PluginContext,
  type PluginKind,
  type PluginKinds,
  type Precision,
  type Queue,
  Random,
  type RunDescription,
  RunError,
  SafetensorsFile,
  type StepRecord,
  type Student,
  type StudentOutput,
  type Teacher,
  tf,
  type TracedFunction,
  type TraceOptions,
  UsageError,
  type WeightsRecord,
  z,
} from "@seed/core";
export {
  distill,
  type DistillOptions,
  type DistillResult,
  type DryRun,
  dryRun,
  type Host,
  type Recipe,
  type RecipeDefaults,
  RecipeError,
} from "@seed/core/host";
export { seedLoss } from "@seed/objective-seed";
export { DEFAULTS };

/**
 * Reads and checks a recipe as the command line does: a key that it leaves out means a plugin that comes with SEED.
 * Needs no data, no weights and no engine.
 *
 * @example
 * ```ts
 * import { loadRecipe } from "@seed/distill";
 * import assert from "node:assert/strict";
 *
 * const { train, queue } = await loadRecipe("recipes/demo.yaml", { overrides: ["train.lr=0.05"] });
 * assert.equal(train.lr, 0.05);
 * assert.equal(queue?.specifier, "@seed/queue-fifo");
 * ```
 *
 * @param path YAML file.
 * @param options.overrides `key.path=value` each, the value in YAML.
 * @throws {RecipeError} Listing every problem with its place.
 */
export async function loadRecipe(
  path: string,
  { overrides = [] }: { overrides?: readonly string[] } = {},
): Promise<Recipe> {
  return await loadRecipeWith(path, { overrides, defaults: DEFAULTS });
}
