/**
 * The recipe that a run began with, beside the one that it is to go on with. A run whose recipe changes on the way is
 * neither the one nor the other, and its record would tell a lie.
 *
 * @module
 */
import { parse } from "yaml";
import { RunError, UsageError } from "../errors.ts";
import { fromEarlier } from "../recipe/earlier_recipes.ts";
import type { Recipe } from "../recipe/load_recipe.ts";
import { quoted } from "../text/printable.ts";
import type { RunFolder } from "./run_folder.ts";

/** A key of a recipe whose value is another one than when the run began. */
export interface RecipeChange {
  /** For example `train.lr`. */
  readonly key: string;
  /** Undefined: it was not there. */
  readonly was: unknown;
  /** Undefined: it is not there. */
  readonly now: unknown;
}

/** What a resume may change, and why training is the same after it. A key stands for all that is below it. */
export const MAY_CHANGE: Readonly<Record<string, string>> = {
  "checkpoint": "when the state is written changes nothing of it",
  "data": "the listing of the images is compared instead, and where they lie does not matter",
  "evaluate": "evaluators look at the student and change nothing of it",
  "loggers": "they only watch",
  "teacher.cache.dir": "a cache tells itself what it is of",
  "teacher.sha256": "the file's hash is compared in any case",
  "teacher.weights": "the file's hash is compared instead",
  "train.workers": "a view depends on its image, its epoch and the seed alone",
};

/** What changes training, though it is below a key that may change. */
const MUST_STAY = ["data.shuffle"];

/** What `--extend` may change: how long the run is. */
const EXTENDED = "train.epochs";

/** What a resume changes of a run's recipe. */
export interface Resumed {
  /** Changes that leave training as it is. */
  readonly changes: readonly RecipeChange[];
  /** Epochs that the run was to have, if it is to have more now; null: as many. */
  readonly extendedFrom: number | null;
}

/**
 * Compares a run's recipe with the one that it is to go on with.
 *
 * @param options.extend Whether it may become longer.
 * @throws {UsageError} If training would change: every key is told, as it was and as it is.
 * @throws {RunError} If the run's recipe cannot be read.
 */
export async function compareWithPast(
  folder: RunFolder,
  recipe: Pick<Recipe, "resolved">,
  { extend }: { extend: boolean },
): Promise<Resumed> {
  const past = await readPast(folder), changes = changesBetween(past, parse(recipe.resolved));
  const epochs = changes.find(({ key }) => key === EXTENDED);
  const isLonger = epochs !== undefined && Number(epochs.now) > Number(epochs.was);
  const refused = changes.filter(({ key }) => !mayChange(key) && !(key === EXTENDED && isLonger && extend));
  if (refused.length) throw refusal(folder, refused, isLonger && !extend);
  if (extend && !isLonger) {
    throw new UsageError(
      `--extend makes a run longer, but ${EXTENDED} is ${
        past.train && (past.train as Values).epochs
      } as before; ` +
        `set it higher, for example --set ${EXTENDED}=${2 * Number((past.train as Values)?.epochs)}`,
    );
  }
  return {
    changes: changes.filter(({ key }) => key !== EXTENDED),
    extendedFrom: isLonger ? Number(epochs.was) : null,
  };
}

type Values = Record<string, unknown>;

async function readPast(folder: RunFolder): Promise<Values> {
  const path = folder.file("recipe");
  try {
    const values = parse(await Deno.readTextFile(path));
    if (isMapping(values)) return fromEarlier(values) as Values;
  } catch (error) {
    throw new RunError(`Cannot read what the run began with, "${path}": ${(error as Error).message}`, {
      cause: error,
    });
  }
  throw new RunError(
    `The file "${path}" is no recipe: it holds no mapping; it was written over or is damaged`,
  );
}

/** Every key whose value differs; of lists, the list. */
export function changesBetween(past: Values, present: Values, above = ""): RecipeChange[] {
  return [...new Set([...Object.keys(past), ...Object.keys(present)])].flatMap((name) => {
    const was = past[name], now = present[name], key = above + name;
    if (isMapping(was) && isMapping(now)) return changesBetween(was, now, `${key}.`);
    return JSON.stringify(was ?? null) === JSON.stringify(now ?? null) ? [] : [{ key, was, now }];
  });
}

function mayChange(key: string): boolean {
  const isBelow = (top: string) => key === top || key.startsWith(`${top}.`);
  return Object.keys(MAY_CHANGE).some(isBelow) && !MUST_STAY.some(isBelow);
}

function refusal(folder: RunFolder, changes: readonly RecipeChange[], couldExtend: boolean): UsageError {
  const lines = changes.map(({ key, was, now }) => {
    const hint = key === EXTENDED && couldExtend ? " (add --extend to train longer)" : "";
    return `  ${key}: ${shown(was)} then, ${shown(now)} now${hint}`;
  });
  return new UsageError(
    `The recipe is not the one that the run "${folder.path}" began with:\n${lines.join("\n")}\n` +
      `Resume with what it began with ("${
        folder.file("recipe")
      }" has all of it), or start another run with --out`,
  );
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return "none";
  return typeof value === "string"
    ? quoted(value)
    : quoted(JSON.stringify(value)).slice(1, -1).replaceAll('\\"', '"');
}

function isMapping(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
