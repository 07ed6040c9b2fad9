/**
 * An engine that stands for others: which one is meant is known only on the machine that computes.
 *
 * @module
 */
import { parse } from "yaml";
import type { Engine } from "../interfaces/engine.ts";
import type { Host } from "../interfaces/host.ts";
import { type Processes, processesHere } from "../processes/processes.ts";
import type { PluginUse, Recipe } from "../recipe/recipe.ts";
import { loadPlugin } from "../recipe/plugin_loader.ts";
import { resolvedText } from "../recipe/resolved_text.ts";
import { createPlugin, pluginContext } from "./create_plugin.ts";

/**
 * Opens the recipe's engine, as the recipe asks for it.
 *
 * @param processes Those of the run that are on this machine.
 */
export async function openEngine(
  recipe: Pick<Recipe, "engine" | "seed">,
  host: Host,
  processes: number,
): Promise<Engine> {
  const engine = await chosenEngine(recipe, host, processes), { device, trace } = engine;
  return await createPlugin(engine, { ...pluginContext(engine, recipe.seed, host), device, trace });
}

/**
 * The recipe with the engine that is opened here: what is written about a run names that one.
 *
 * @param processes All of the run; null: this one is alone.
 * @throws {RunError} If the machine has not what the recipe asks for.
 */
export async function withChosenEngine(
  recipe: Recipe,
  host: Host,
  processes: Pick<Processes, "rank" | "hosts"> | null,
): Promise<Recipe> {
  const engine = await chosenEngine(recipe, host, processesHere(processes));
  if (engine === recipe.engine) return recipe;
  const { device, trace, options, specifier: plugin } = engine;
  const values = { ...parse(recipe.resolved), engine: { plugin, device, trace, ...options as object } };
  return { ...recipe, engine, resolved: resolvedText(values) };
}

/** The recipe's engine, or the one that this chooses. */
async function chosenEngine(
  { engine, seed }: Pick<Recipe, "engine" | "seed">,
  host: Host,
  processes: number,
): Promise<Recipe["engine"]> {
  const { plugin, device, trace } = engine;
  if (!plugin.choose) return engine;
  const context = { ...pluginContext(engine, seed, host), device, processes };
  const { plugin: specifier, options } = await plugin.choose(engine.options as never, context);
  const loaded = await loadPlugin(specifier, "engine", "");
  const use: PluginUse<"engine"> = {
    ...loaded,
    ...{ specifier, options: loaded.plugin.options.parse(options), place: engine.place },
  };
  return { ...use, device, trace };
}
