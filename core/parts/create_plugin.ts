import { join, resolve } from "node:path";
import { cacheDirectory } from "../fetch/cache_directory.ts";
import type { Engine } from "../interfaces/engine.ts";
import type { Host } from "../interfaces/host.ts";
import type { PluginContext, PluginKind, PluginKinds } from "../interfaces/plugin.ts";
import type { PluginUse, Recipe } from "../recipe/load_recipe.ts";

/**
 * Makes what a plugin makes.
 *
 * @param context {@link pluginContext} and what its kind is given besides.
 */
export async function createPlugin<K extends PluginKind>(
  use: Pick<PluginUse<K>, "plugin" | "options">,
  context: PluginContext & Omit<PluginKinds[K]["context"], keyof PluginContext>,
): Promise<PluginKinds[K]["creates"]> {
  return await use.plugin.create(use.options as never, context as PluginKinds[K]["context"]);
}

/** What every plugin is given; its cache is a folder of its name. */
export function pluginContext(
  use: Pick<PluginUse<PluginKind>, "plugin">,
  seed: number,
  host: Host,
): PluginContext {
  return {
    seed,
    resolve: (path) => resolve(path),
    cacheDir: join(cacheDirectory(), use.plugin.name.replaceAll(/[^\w.-]+/g, "_").replace(/^_+/, "")),
    log: host.log,
    signal: host.signal,
  };
}

/** Opens the recipe's engine, as the recipe asks for it. */
export async function openEngine(
  { engine, seed }: Pick<Recipe, "engine" | "seed">,
  host: Host,
): Promise<Engine> {
  const { device, trace } = engine;
  return await createPlugin(engine, { ...pluginContext(engine, seed, host), device, trace });
}

/** Every plugin that a recipe names. */
export function pluginsOf(recipe: Recipe): PluginUse<PluginKind>[] {
  const { engine, data, augmenter, teacher, student, queue, objectives, smallPatches, evaluate, loggers } =
    recipe;
  const uses = [
    ...[engine, data, augmenter, ...smallPatches.map((patches) => patches.augmenter), teacher, student],
    ...[queue, ...smallPatches.map((patches) => patches.queue), ...objectives.map(({ queue }) => queue)],
    ...[evaluate.teacher, ...objectives, ...evaluate.evaluators, ...loggers],
  ];
  return uses.filter((use) => use !== null);
}
