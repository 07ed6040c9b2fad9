/**
 * Which folder a new run can have: one with nothing in it, or with nothing but what a start has left that was killed
 * before its run began.
 *
 * @module
 */
import { join } from "node:path";
import { parse } from "yaml";
import { UsageError } from "../errors.ts";
import { isTemporary } from "../files/atomic_file.ts";
import { exists, isFolder } from "../files/path_exists.ts";
import { RUN_FILES, RunFolder } from "./run_folder.ts";

/**
 * Makes sure that a new run can have a folder: it is empty, not there yet, or left by a start that was killed.
 *
 * @throws {UsageError} If it has something in it, or is a file.
 */
export async function requireUnused(path: string): Promise<void> {
  if (!await exists(path)) return;
  if (!(await Deno.stat(path)).isDirectory) {
    throw new UsageError(`"${path}" is a file; name a folder with --out`);
  }
  if (await isUnbegun(path)) return;
  throw new UsageError(
    `The folder "${path}" is not empty; add --resume to go on with its run, or name another with --out`,
  );
}

/** Name of a recipe that is no run's, found where a start was killed. */
const KEPT_RECIPE = "recipe-before.yaml";

/** What a start may leave that is killed before the run begins. */
const OF_STARTS: readonly string[] = [
  ...[RUN_FILES.lock, RUN_FILES.checkpoints, RUN_FILES.facts, RUN_FILES.recipe, RUN_FILES.metrics],
  KEPT_RECIPE,
];

/**
 * Whether a folder holds nothing but what a start leaves that was killed before the run began. Without a step taken
 * nothing of it is worth keeping.
 */
export async function isUnbegun(path: string): Promise<boolean> {
  const { lock, checkpoints, recipe, metrics } = RUN_FILES,
    run = new RunFolder(path),
    found = new Set<string>();
  for await (const { name } of Deno.readDir(path)) if (!isTemporary(name)) found.add(name);
  if (found.size === 0 || found.size === 1 && found.has(KEPT_RECIPE)) return true;
  if ([...found].some((name) => !OF_STARTS.includes(name))) return false;
  if (found.has(metrics) && (await Deno.stat(run.file("metrics"))).size > 0) return false;
  if (found.has(checkpoints) && !await holdsCheckpointsAlone(run.file("checkpoints"))) return false;
  const steps = await run.checkpointSteps();
  // With its recipe a run has begun, and can be resumed if there is a state to resume from.
  if (found.has(lock)) return found.has(recipe) ? steps.length === 0 : steps.every((step) => step === 0);
  // Earlier versions locked nothing: whose ever it is, no run of theirs was to be here.
  if (!found.has(checkpoints) || steps.length > 0) return false;
  return !found.has(recipe) || await readMapping(run.file("recipe")) !== null;
}

async function holdsCheckpointsAlone(folder: string): Promise<boolean> {
  if (!await isFolder(folder)) return false;
  for await (const { name } of Deno.readDir(folder)) {
    if (!isTemporary(name) && !/^step-\d+\.safetensors$/.test(name)) return false;
  }
  return true;
}

/** What a YAML file says; null if that is no mapping. */
async function readMapping(path: string): Promise<Record<string, unknown> | null> {
  try {
    const value: unknown = parse(await Deno.readTextFile(path));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : null;
  } catch {
    return null; // whatever it is, it is no recipe
  }
}

/** Whether a recipe is one that a run writes: with sections that people leave to their defaults. */
function isResolved(recipe: Record<string, unknown> | null): boolean {
  return recipe !== null && ["seed", "engine", "checkpoint", "loggers"].every((section) => section in recipe);
}

/** Removes what a start that was killed before the run began has left, but for the lock. A recipe that somebody has put there is kept. */
export async function removeUnbegun(path: string): Promise<void> {
  const recipe = join(path, RUN_FILES.recipe);
  if (await exists(recipe) && !isResolved(await readMapping(recipe))) {
    await Deno.rename(recipe, join(path, KEPT_RECIPE));
  }
  for await (const { name } of Deno.readDir(path)) {
    if (name === RUN_FILES.lock || name === KEPT_RECIPE) continue;
    await Deno.remove(join(path, name), { recursive: true });
  }
}

/** Whether there is nothing in a folder but, at most, a lock. */
export async function isEmpty(path: string): Promise<boolean> {
  for await (const { name } of Deno.readDir(path)) if (name !== RUN_FILES.lock) return false;
  return true;
}
