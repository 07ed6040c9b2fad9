import { join } from "node:path";
import { exists, isFolder } from "../files/path_exists.ts";
import { RunFolder } from "./run_folder.ts";

/** The folder of a recipe's run that began last, below `folder`; null if there is none. */
export async function newestRun(folder: string, recipeName: string): Promise<string | null> {
  return await newest(folder, recipeName, (path) => beginningOf(new RunFolder(path)));
}

/** The folder of the runs of a recipe's students that began last, below `folder`; null if there is none. */
export async function newestRuns(folder: string, recipeName: string): Promise<string | null> {
  return await newest(folder, recipeName, async (path) => {
    const begun = (await studentsIn(path)).map((name) => beginningOf(new RunFolder(join(path, name))));
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
  recipeName: string,
  timeOf: (path: string) => Promise<number | null>,
): Promise<string | null> {
  let best: { path: string; time: number } | null = null;
  if (!await exists(folder)) return null;
  for await (const { name } of Deno.readDir(folder)) {
    const isOfRecipe = name.startsWith(recipeName) && /^(-\d+)?$/.test(name.slice(recipeName.length));
    const path = join(folder, name), time = isOfRecipe ? await timeOf(path) : null;
    if (time !== null && (!best || time > best.time)) best = { path, time };
  }
  return best?.path ?? null;
}

/** When a run began, in milliseconds; null if it did not. A resume may have written its recipe anew since. */
async function beginningOf(run: RunFolder): Promise<number | null> {
  const recipe = await Deno.stat(run.file("recipe")).catch(() => null);
  if (recipe === null) return null;
  const { started } = await run.facts().catch(() => ({ started: null })); // one that is damaged is told when it is resumed
  const told = typeof started === "string" ? Date.parse(started) : NaN;
  return Number.isNaN(told) ? recipe.mtime?.getTime() ?? -1 : told;
}
