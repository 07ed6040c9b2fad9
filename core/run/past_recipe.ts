/**
 * The recipe that a run began with, beside the one that it is to go on with. A run whose recipe changes on the way is
 * neither the one nor the other, and its record would tell a lie.
 *
 * @module
 */
import { basename } from "node:path";
import { parse } from "yaml";
import { RunError, UsageError } from "../errors.ts";
import { readTextIfThere } from "../files/text_file.ts";
import { fromEarlier } from "../recipe/earlier_recipes.ts";
import { loadRecipe } from "../recipe/load_recipe.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { isShipped } from "../recipe/plugin_loader.ts";
import { RecipeError } from "../recipe/recipe_file.ts";
import { yamlValues } from "../recipe/recipe_yaml.ts";
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

/**
 * What a resume may change, and why training is the same after it. A key stands for all that is below it; whatever is
 * not here must stay.
 */
export const MAY_CHANGE: Readonly<Record<string, string>> = {
  "checkpoint": "when the state is written changes nothing of it",
  "data.class_names": "the names that it gives are compared instead",
  "data.download": "where the images come from does not matter, their listing is compared",
  "data.on_error": "the listing stays as it is, and an image that can be read stands in for one that cannot",
  "data.queries": "the listing of the images is compared instead, with their labels",
  "data.root": "the listing of the images is compared instead, and where they lie does not matter",
  "engine": "engines compute the same, but for the last bits; another precision is refused",
  "evaluate": "evaluators look at the student and change nothing of it",
  "loggers": "they only watch",
  "teacher.cache.dir": "a cache tells itself what it is of",
  "teacher.sha256": "the file's hash is compared in any case",
  "train.workers": "a view depends on its image, its epoch and the seed alone",
};

/** What may change as well if the hash of the teacher's file is known, which is compared then. */
const WITH_HASH = "teacher.weights";

/** What `--extend` may change: how long the run is. */
const EXTENDED = "train.epochs";

/** What a resume changes of a run's recipe. */
export interface Resumed {
  /** Changes that leave training as it is. */
  readonly changes: readonly RecipeChange[];
  /** Epochs that the run was to have, if it is to have more now; null: as many. */
  readonly extendedFrom: number | null;
  /** Processes that the run had, if it is to have another number now; null: as many, or it is not known. */
  readonly processesBefore: number | null;
}

/**
 * Compares a run's recipe with the one that it is to go on with.
 *
 * @param options.extend Whether it may become longer, and have another number of processes.
 * @param options.processes How many it is to have.
 * @throws {UsageError} If training would change: every key is told, as it was and as it is.
 * @throws {RunError} If the run's recipe, or its `run.json`, cannot be read.
 */
export async function compareWithPast(
  folder: RunFolder,
  recipe: Pick<Recipe, "resolved">,
  { extend, processes }: { extend: boolean; processes: number },
): Promise<Resumed> {
  const facts = await folder.facts(), present: Values = parse(recipe.resolved);
  const past = await withDefaults(folder, await readPast(folder), present);
  const changes = changesBetween(past, present), epochs = changes.find(({ key }) => key === EXTENDED);
  const isLonger = epochs !== undefined && Number(epochs.now) > Number(epochs.was);
  const free = [...Object.keys(MAY_CHANGE), ...hasTeacherHash(facts) ? [WITH_HASH] : []];
  const refused: RecipeChange[] = [];
  for (const change of changes) {
    const isMeant = change.key === EXTENDED && isLonger && extend;
    if (!isBelow(free, change.key) && !isMeant && !await isMovedPlugin(change)) refused.push(change);
  }
  if (refused.length) throw refusal(folder, refused, isLonger && !extend);
  const before = processCount(facts), processesBefore = before === processes ? null : before;
  if (processesBefore !== null && !extend) {
    throw new UsageError(
      `The run "${folder.path}" trains in ${countOf(processesBefore)}, this is ${
        countOf(processes)
      }: batch norm ` +
        `would see other parts of a batch. Resume it with ${
          processesBefore === 1 ? "one process" : `--processes ${processesBefore}`
        }, or accept the change with --extend`,
    );
  }
  // The same command may be given again, by a cluster's queue for example, when what it extends is so already.
  if (extend && !isLonger && processesBefore === null && !wasExtended(facts)) {
    const { epochs } = past.train as Values;
    throw new UsageError(
      `--extend makes a run longer, or has it go on in another number of processes, but ${EXTENDED} is ${epochs} as ` +
        `before, and so are they; set it higher, for example --set ${EXTENDED}=${2 * Number(epochs)}`,
    );
  }
  return {
    changes: changes.filter(({ key }) => key !== EXTENDED),
    extendedFrom: isLonger ? Number(epochs.was) : null,
    processesBefore,
  };
}

type Values = Record<string, unknown>;

async function readPast(folder: RunFolder): Promise<Values> {
  const path = folder.file("recipe"), text = await readTextIfThere(path) ?? "";
  try {
    const values = yamlValues(text);
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

/**
 * What a run began with, with the keys that this version has besides those of the one that wrote it, as they are by
 * default. The plugins of a run's folder are imported only if all are the present recipe's too.
 */
async function withDefaults(folder: RunFolder, past: Values, present: Values): Promise<Values> {
  const known = pluginsIn(present);
  const isNew = changesBetween(past, present).some(({ was }) => was === undefined);
  const isForeign = (plugin: unknown) => !isShipped(String(plugin)) && !known.includes(plugin);
  if (!isNew || pluginsIn(past).some(isForeign)) return past;
  try {
    // A run's recipe names its engine, loggers and evaluators itself.
    const defaults = { engine: "", loggers: [], evaluatorPackage: (key: string) => key };
    return parse((await loadRecipe(folder.file("recipe"), { defaults, ofRun: true })).resolved);
  } catch (error) {
    if (error instanceof RecipeError) return past; // what this version does not know is told as a difference
    throw error;
  }
}

function pluginsIn(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(pluginsIn);
  if (!isMapping(value)) return [];
  return Object.entries(value).flatMap(([key, part]) => key === "plugin" ? [part] : pluginsIn(part));
}

/** Every key whose value differs; of lists with as many mappings as before those of each, else the list. */
export function changesBetween(past: Values, present: Values, above = ""): RecipeChange[] {
  return [...new Set([...Object.keys(past), ...Object.keys(present)])].flatMap((name) => {
    const was = past[name], now = present[name], key = above + name;
    if (isMapping(was) && isMapping(now)) return changesBetween(was, now, `${key}.`);
    if (isMappings(was) && isMappings(now) && was.length === now.length) {
      return changesBetween({ ...was }, { ...now }, `${key}.`);
    }
    return JSON.stringify(was ?? null) === JSON.stringify(now ?? null) ? [] : [{ key, was, now }];
  });
}

/**
 * Whether a plugin's file is the one of before in another place: a project that was moved, or is mounted elsewhere,
 * goes on. It has the same name, and either what it was is gone, or both say the same.
 */
async function isMovedPlugin({ key, was, now }: RecipeChange): Promise<boolean> {
  if (!/(^|\.)plugin$/.test(key) || typeof was !== "string" || typeof now !== "string") return false;
  const [from, to] = [was, now].map((specifier) => URL.parse(specifier));
  if (from?.protocol !== "file:" || to?.protocol !== "file:" || from.hash !== to.hash) return false;
  if (basename(from.pathname) !== basename(to.pathname)) return false;
  const before = await readTextIfFile(from);
  return before === null || before === await readTextIfFile(to);
}

async function readTextIfFile(url: URL): Promise<string | null> {
  try {
    return await Deno.readTextFile(new URL(url.pathname, url));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    throw new RunError(`Cannot read the plugin "${url.href}": ${(error as Error).message}`, { cause: error });
  }
}

function isBelow(tops: readonly string[], key: string): boolean {
  return tops.some((top) => key === top || key.startsWith(`${top}.`));
}

function hasTeacherHash({ teacher }: Values): boolean {
  return isMapping(teacher) && typeof teacher.sha256 === "string";
}

function wasExtended({ resumed }: Values): boolean {
  return Array.isArray(resumed) &&
    resumed.some((entry) =>
      Number.isInteger(entry?.extended_from_epochs) || Number.isInteger(entry?.extended_from_processes)
    );
}

/** In how many processes the run trained last; null: an earlier version did not take it down. */
function processCount({ processes, resumed }: Values): number | null {
  const told = [processes, ...Array.isArray(resumed) ? resumed.map((entry) => entry?.processes) : []];
  const last = told.findLast(isMapping);
  return last ? Number(last.count) : null;
}

/** For example `2 processes`. */
export function countOf(processes: number): string {
  return processes === 1 ? "one process" : `${processes} processes`;
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

function isMappings(value: unknown): value is Values[] {
  return Array.isArray(value) && value.every(isMapping);
}
