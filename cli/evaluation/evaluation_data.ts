import { type DataSource, type Processes, RunError } from "@seed/core";
import {
  createPlugin,
  type Host,
  loadPlugin,
  loadRecipeParts,
  pluginContext,
  type PluginUse,
  type Recipe,
  requireFiles,
  type ViewPipeline,
  withoutBroken,
} from "@seed/core/host";
import { DEFAULTS } from "../defaults.ts";
import type { RunFlags } from "../run_folder.ts";

/** The data that networks are evaluated on, as a recipe names it. */
export type DataUse =
  & Pick<PluginUse<"data">, "plugin" | "options">
  & Partial<Pick<Recipe["data"], "on_error">>;

/** Whether a plugin of the data that does not come with SEED may be imported. */
type DataFlags = Pick<RunFlags, "allowPlugins">;

/**
 * What `--data` names: the data of a recipe, or a folder of images.
 *
 * @throws {UsageError} If it is a recipe whose data are not valid, or may not be imported.
 */
export async function dataNamed(path: string, flags: DataFlags): Promise<DataUse> {
  if (isRecipe(path)) return await dataOf(path, flags);
  const { plugin, ...place } = await loadPlugin(IMAGE_FOLDER, "data", "");
  return { plugin, ...place, options: plugin.options.parse({ root: path }) };
}

/** The same as what overrides a recipe's data: `data=JSON`. */
export async function dataOverride(path: string, flags: DataFlags): Promise<string> {
  if (!isRecipe(path)) return `data=${JSON.stringify({ plugin: IMAGE_FOLDER, root: path })}`;
  const { module, exportName, options, shuffle, on_error } = await dataOf(path, flags);
  const plugin = exportName === "default" ? module : `${module}#${exportName}`;
  return `data=${JSON.stringify({ plugin, shuffle, on_error, ...options as object })}`;
}

async function dataOf(path: string, { allowPlugins }: DataFlags): Promise<Recipe["data"]> {
  const options = { defaults: DEFAULTS, trust: allowPlugins ? "named" : "shipped" } as const;
  return (await loadRecipeParts(path, { parts: ["data"] }, options)).data;
}

const IMAGE_FOLDER = "@seed/data-image-folder";

function isRecipe(path: string): boolean {
  return /\.ya?ml$/.test(path);
}

/**
 * Opens the data; images that do not decode are left out if it says so.
 *
 * @returns what is evaluated on, and how many images are left out.
 * @throws {RunError} If the data has nothing to evaluate on.
 */
export async function openEvaluationData(
  use: DataUse,
  { seed, host, processes, pipeline, stack }: {
    seed: number;
    host: Host;
    /** All that open the data; null: this one is alone. */
    processes: Processes | null;
    pipeline: ViewPipeline;
    stack: AsyncDisposableStack;
  },
): Promise<{ images: NonNullable<DataSource["evaluation"]>; skipped: number }> {
  const data = stack.use(await createPlugin(use, pluginContext(use, seed, host)));
  if (use.on_error !== "skip") {
    await requireFiles(data, host);
    return { images: evaluationOf(data), skipped: 0 };
  }
  const checked = await withoutBroken(data, pipeline, host, processes);
  return { images: evaluationOf(checked.data), skipped: checked.skipped.count };
}

function evaluationOf({ evaluation }: DataSource): NonNullable<DataSource["evaluation"]> {
  if (evaluation) return evaluation;
  throw new RunError(
    "The data has nothing to evaluate on: a folder needs train/ and val/ in it, other sources are told by their options",
  );
}
