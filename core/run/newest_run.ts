import { join } from "node:path";
import { exists } from "../files/path_exists.ts";
import { RunFolder } from "./run_folder.ts";

/** The folder of a recipe's run that began last, below `folder`; null if there is none. */
export async function newestRun(folder: string, recipeName: string): Promise<string | null> {
  let best: { path: string; time: number } | null = null;
  if (!await exists(folder)) return null;
  for await (const { name } of Deno.readDir(folder)) {
    if (
      name !== recipeName && !(name.startsWith(recipeName) && /^-\d+$/.test(name.slice(recipeName.length)))
    ) {
      continue;
    }
    const run = new RunFolder(join(folder, name)), time = await beginningOf(run);
    if (time !== null && (!best || time > best.time)) best = { path: run.path, time };
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
