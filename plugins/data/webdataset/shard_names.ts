/**
 * Which shards an option names: one file, a folder of them, a pattern in braces, or a list of these.
 *
 * @module
 */
import { join } from "node:path";
import { isFolder, type PluginContext, quoted, RunError, splitUseOfWord } from "@seed/core";

/** A pattern with more than this is a mistake. */
const MAX_SHARDS = 1_000_000;

/**
 * Paths of the shards, in the order of the list, the pattern or the names in the folder.
 *
 * @param option What names them, for errors.
 * @throws {RunError} If one is not there, or is named twice.
 */
export async function findShards(
  given: string | readonly string[],
  resolve: (path: string) => string,
  option: string,
): Promise<string[]> {
  const paths: string[] = [];
  for (const pattern of [given].flat()) {
    for (const path of expandBraces(pattern)) paths.push(...await shardsAt(resolve(path), option));
  }
  const seen = new Set<string>();
  for (const path of paths) {
    if (seen.has(path)) throw new RunError(`${option} names the shard "${path}" twice; name it once`);
    seen.add(path);
  }
  return paths;
}

/** What a folder holds for training, and for an evaluation. */
export interface Splits {
  train: string[];
  /** Null: nothing to evaluate on. */
  queries: string[] | null;
  /** Its `classes.txt`; null: there is none. */
  classNames: string | null;
}

/**
 * The splits of a folder whose shards are called `train-*.tar` and `val-*.tar` or `test-*.tar`, as `pack` calls them;
 * null if `root` is no such folder: then all its shards belong together.
 *
 * @throws {RunError} If shards are called as held out in another way, and nothing names the queries.
 */
export async function splitsOf(
  { root, queries: given }: { root: string | readonly string[]; queries: string | readonly string[] | null },
  { resolve, log }: Pick<PluginContext, "resolve" | "log">,
): Promise<Splits | null> {
  const folder = typeof root === "string" ? resolve(root) : null;
  if (!folder || !await isFolder(folder)) return null;
  const names = (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
  const shards = names.filter(isShard),
    shardsOf = (split: string) => shards.filter((name) => name.startsWith(`${split}-`));
  const train = shardsOf("train"), val = shardsOf("val"), queries = val.length ? val : shardsOf("test");
  if (train.length === 0) return null;
  const others = shards.filter((name) => !train.includes(name) && !queries.includes(name));
  const heldOut = others.find((name) => isOf("held out", name));
  if (given === null && queries.length === 0 && heldOut) {
    throw new RunError(
      `The folder "${folder}" has train-*.tar and ${
        quoted(heldOut)
      }, but no val-*.tar: rename those that are ` +
        "searched for, or name them by data.queries",
    );
  }
  const passedOver = given === null ? others : shards.filter((name) => !train.includes(name));
  if (passedOver.length) {
    log(`Passed over in "${folder}": ${passedOver.length} shards, the first is ${quoted(passedOver[0])}`);
  }
  const paths = (names: readonly string[]) => names.map((name) => join(folder, name));
  return {
    train: paths(train),
    queries: queries.length ? paths(queries) : null,
    classNames: names.includes("classes.txt") ? join(folder, "classes.txt") : null,
  };
}

function isShard(name: string): boolean {
  return name.endsWith(".tar") && !name.startsWith(".");
}

function isOf(use: "train" | "held out", shard: string): boolean {
  return splitUseOfWord(shard.slice(0, -".tar".length))?.use === use;
}

/**
 * `a-{000..002}.tar` is three names, `{a,b}.tar` two; both may stand in a name several times.
 *
 * @throws {RunError} If it would be more than a million.
 */
export function expandBraces(pattern: string): string[] {
  let names = [""];
  for (const part of pattern.split(/(\{[^{}]*\})/)) {
    const choices = part.startsWith("{") ? choicesOf(part.slice(1, -1)) ?? [part] : [part];
    if (names.length * choices.length > MAX_SHARDS) {
      throw new RunError(`"${pattern}" names more than ${MAX_SHARDS} shards; check its numbers`);
    }
    names = names.flatMap((name) => choices.map((choice) => name + choice));
  }
  return names;
}

/** Null: no choices, but braces of a name. */
function choicesOf(inner: string): string[] | null {
  const range = inner.match(/^(\d+)\.\.(\d+)$/);
  if (!range) return inner.includes(",") ? inner.split(",") : null;
  const [first, last] = [Number(range[1]), Number(range[2])], width = range[1].length;
  if (last < first || last - first >= MAX_SHARDS) {
    throw new RunError(
      `The range "{${inner}}" must go up, by less than ${MAX_SHARDS}; write it as {000000..000146}`,
    );
  }
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}`.padStart(width, "0"));
}

async function shardsAt(path: string, option: string): Promise<string[]> {
  const info = await Deno.stat(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new RunError(
      `There is no shard or folder "${path}"; set ${option} to a .tar, a folder of them, or a pattern such as ` +
        "train-{000000..000146}.tar",
    );
  });
  if (!info.isDirectory) return [path];
  const names = (await Array.fromAsync(Deno.readDir(path), ({ name }) => name)).filter(isShard);
  if (names.length === 0) throw new RunError(`The folder "${path}" holds no .tar shards; check ${option}`);
  // A folder says nothing of what is meant; a pattern does.
  const isTrain = option === "data.root",
    odd = names.find((name) => isOf(isTrain ? "held out" : "train", name));
  if (odd !== undefined) {
    throw new RunError(
      `The folder "${path}" of ${option} holds the shard ${quoted(odd)}, which is called as of images ${
        isTrain ? "that are held out" : "to train on"
      }; name the shards that are meant by a pattern, such as ${path}/NAME-{000000..000146}.tar`,
    );
  }
  return names.sort().map((name) => join(path, name));
}
