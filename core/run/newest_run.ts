import { join } from "node:path";
import { exists, isFolder } from "../files/path_exists.ts";
import { recipeName } from "../recipe/recipe_name.ts";
import { RunFolder } from "./run_folder.ts";

/** The folder of a recipe's run that began last, below `folder`; null if there is none. */
export async function newestRun(folder: string, recipe: string): Promise<string | null> {
  return await newest(folder, recipe, (path) => beginningOf(new RunFolder(path), recipe));
}

/** The folder of the runs of a recipe's students that began last, below `folder`; null if there is none. */
export async function newestRuns(folder: string, recipe: string): Promise<string | null> {
  return await newest(folder, recipe, async (path) => {
    const begun = (await studentsIn(path)).map((name) =>
      beginningOf(new RunFolder(join(path, name)), recipe)
    );
    const times = (await Promise.all(begun)).filter((time) => time !== null);
    return times.length ? Math.max(...times) : null;
  });
}

/** Names of the students that have runs in a folder. */
export async function studentsIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  if (!await isFolder(folder)) return names;
  for await (const { name } of Deno.readDir(folder)) {
    if (await new RunFolder(join(folder, name)).isRun()) names.push(name);
  }
  return names.sort();
}

/** @param timeOf When what is in a folder began, in milliseconds; null: nothing did. */
async function newest(
  folder: string,
  recipe: string,
  timeOf: (path: string) => Promise<number | null>,
): Promise<string | null> {
  let best: { path: string; time: number } | null = null;
  if (!await exists(folder)) return null;
  for await (const { name } of Deno.readDir(folder)) {
    const isOfRecipe = name.startsWith(recipe) && /^(-\d+)?$/.test(name.slice(recipe.length));
    const path = join(folder, name), time = isOfRecipe ? await timeOf(path) : null;
    if (time !== null && (!best || time > best.time)) best = { path, time };
  }
  return best?.path ?? null;
}

/**
 * When a run of a recipe began, in milliseconds; null if it did not, or is another recipe's: `demo-2` may be the second
 * of `demo` or the first of `demo-2`. A resume may have written its recipe anew since.
 */
async function beginningOf(run: RunFolder, recipe: string): Promise<number | null> {
  const file = await Deno.stat(run.file("recipe")).catch(() => null);
  if (file === null) return null;
  // One that is damaged is told when it is resumed.
  const facts: Record<string, unknown> = await run.facts().catch(() => ({}));
  if (typeof facts.recipe === "string" && recipeName(facts.recipe) !== recipe) return null;
  const told = typeof facts.started === "string" ? Date.parse(facts.started) : NaN;
  return Number.isNaN(told) ? file.mtime?.getTime() ?? -1 : told;
}
