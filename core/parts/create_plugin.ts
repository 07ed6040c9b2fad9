import { resolve } from "node:path";
import { neededAugmenters } from "../evaluation/evaluator_views.ts";
import { RunError, UsageError } from "../errors.ts";
import { placeOf } from "../recipe/error_place.ts";
import { cacheDirOf, contextOf } from "../images/pipeline/plugin_context.ts";
import type { Host } from "../interfaces/host.ts";
import type { PluginContext, PluginKind, PluginKinds } from "../interfaces/plugin.ts";
import type { PluginUse, Recipe } from "../recipe/recipe.ts";

/**
 * Makes what a plugin makes.
 *
 * @param context {@link pluginContext} and what its kind is given besides.
 * @throws {Error} That names the plugin and its line, if it fails for what the user cannot mend.
 */
export async function createPlugin<K extends PluginKind>(
  use: Pick<PluginUse<K>, "plugin" | "options">,
  context: PluginContext & Omit<PluginKinds[K]["context"], keyof PluginContext>,
): Promise<PluginKinds[K]["creates"]> {
  const { plugin, options } = use;
  try {
    return await plugin.create(options as never, context as PluginKinds[K]["context"]);
  } catch (error) {
    const isOurs = !(error instanceof Error) || context.signal.aborted;
    if (isOurs || error instanceof RunError || error instanceof UsageError) throw error;
    throw new Error(`The plugin "${plugin.name}" failed${placeOf(error)}: ${error.message}`, {
      cause: error,
    });
  }
}

/** What every plugin is given. */
export function pluginContext(
  use: Pick<PluginUse<PluginKind>, "plugin">,
  seed: number,
  host: Host,
): PluginContext {
  return contextOf({ seed, cacheDir: cacheDirOf(use.plugin), base: resolve(".") }, host);
}

/** What makes the views of training, by stream: the full ones, then small patches. */
export function trainingAugmenters(
  { augmenter, smallPatches }: Pick<Recipe, "augmenter" | "smallPatches">,
): PluginUse<"augmenter">[] {
  return [augmenter, ...smallPatches.map((patches) => patches.augmenter)];
}

/** Every plugin that a recipe names, and that its plugins ask for. */
export function pluginsOf(recipe: Recipe): Pick<PluginUse<PluginKind>, "plugin" | "options">[] {
  const { engine, data, teacher, student, queue, objectives, smallPatches, evaluate, loggers } = recipe;
  const uses = [
    ...[engine, data, ...trainingAugmenters(recipe), teacher, student],
    ...[queue, ...smallPatches.map((patches) => patches.queue), ...objectives.map(({ queue }) => queue)],
    ...[evaluate.teacher, ...objectives, ...evaluate.evaluators, ...neededAugmenters(evaluate.evaluators)],
    ...loggers,
  ];
  return uses.filter((use) => use !== null && use !== undefined);
}
