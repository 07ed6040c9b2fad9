import { type PackedTexts, quoted, RunError, splitUseOf } from "@seed/core";
import { isPassedOver, type ListingOptions } from "./listing.ts";

/** Folders that are known as the images that are searched for; the first that is there is taken. */
const QUERIES = ["val", "test"];

/** How splits are found. */
export interface SplitOptions extends ListingOptions {
  /** What says that no folder is a split, for errors. Default: `data.splits`. */
  splitsOption?: string;
}

/**
 * Which of a folder's folders is trained on, and which is searched for.
 *
 * @returns paths; `train` is the folder itself, and `queries` null, if nothing in it is called as a split.
 * @throws {RunError} If folders are called as splits, but not as those that are known: all of it would be trained on,
 *   and the splits would be the classes.
 */
export async function findSplits(
  root: string,
  options: SplitOptions,
): Promise<{ train: string; queries: string | null }> {
  const folders = await foldersIn(root), splits = folders.filter((name) => splitUseOf(name));
  if (!splits.length) return { train: root, queries: null };
  const queries = QUERIES.find((name) => splits.includes(name)) ?? null, hasTrain = splits.includes("train");
  const unknown = splits.filter((name) => name !== "train" && !QUERIES.includes(name));
  if (!hasTrain || (queries === null && unknown.length)) {
    const lacks = hasTrain ? "val" : "train", { option = "data.root" } = options;
    throw new RunError(
      `The folder ${quoted(root, 300)} has ${listOf(splits)}, but no "${lacks}": rename what is ${
        hasTrain ? "searched for" : "trained on"
      } to "${lacks}", or set ${option} to a folder below it; ${adviceOn(options)}`,
    );
  }
  const besides = folders.filter((name) => name !== "train" && name !== queries);
  if (besides.length) {
    options.log?.(
      `Beside train and ${queries ?? "what is searched for"} in ${
        quoted(root, 300)
      }, ${besides.length} folders are passed over: ${listOf(besides)}; ${adviceOn(options)}`,
    );
  }
  return { train: `${root}/train`, queries: queries && `${root}/${queries}` };
}

/**
 * Makes sure that the folders of what is trained on have no splits in them: `photos/imagenet/train`, or `cat/test`.
 *
 * @param paths Of its images.
 * @throws {RunError} If some have: what is held out would be trained on.
 */
export function refuseSplitsBelow(root: string, paths: PackedTexts, options: SplitOptions): void {
  const found = new Map<string, Set<string>>();
  let folders = 0, folder = "", last = "";
  for (let i = 0; i < paths.length; i++) {
    const [first, second, ...rest] = paths.at(i).split("/", 3), place = `${first}/${second}`;
    if (second === undefined || place === last) continue;
    if (first !== folder) folders++;
    folder = first;
    if (rest.length === 0) continue;
    last = place;
    if (splitUseOf(second)) found.set(first, (found.get(first) ?? new Set()).add(second));
  }
  const mixed = [...found].filter(([, names]) => new Set([...names].map(splitUseOf)).size === 2);
  if (mixed.length === 0) return;
  const [[name, splits]] = mixed, { option = "data.root" } = options;
  const advice = folders === 1
    ? `set ${option} to ${quoted(`${root}/${name}`, 300)}`
    : "put the folders of the classes below those of the splits";
  throw new RunError(
    `The folder ${quoted(name)} in ${quoted(root, 300)} has ${listOf([...splits])} in it` +
      (mixed.length > 1 ? `, as ${mixed.length - 1} more have` : "") +
      `: what is held out would be trained on; ${advice}; ${adviceOn(options)}`,
  );
}

function adviceOn({ splitsOption = "data.splits" }: SplitOptions): string {
  return `if these are classes, set ${splitsOption} to none`;
}

/** Names of folders in a sentence. */
function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => quoted(name));
  if (names.length > 5) shown.push(`${names.length - 5} more`);
  return shown.length > 1 ? `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}` : shown[0];
}

/** Names of the folders in a folder, links to folders among them; none if there is no such folder. */
async function foldersIn(root: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory, isSymlink } of Deno.readDir(root)) {
      if (isPassedOver(name)) continue;
      const leadsToOne = isSymlink &&
        await Deno.stat(`${root}/${name}`).then((info) => info.isDirectory, () => false);
      if (isDirectory || leadsToOne) names.push(name);
    }
  } catch {
    return []; // told by who lists it
  }
  return names.sort();
}
