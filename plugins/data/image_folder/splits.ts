import { quoted, RunError } from "@seed/core";
import { isPassedOver, type ListingOptions } from "./listing.ts";

/** What people call the parts of a data set, in any case. */
const SPLIT_WORDS =
  /^(train(ing)?([-_ ]?set)?|val(id(ation)?)?([-_ ]?set)?|test(ing)?([-_ ]?set)?|dev|eval(uation)?|holdout)$/i;

/** Folders that are known as the images that are searched for; the first that is there is taken. */
const QUERIES = ["val", "test"];

/**
 * Which of a folder's folders is trained on, and which is searched for.
 *
 * @returns paths; `train` is the folder itself, and `queries` null, if nothing in it is called as a split.
 * @throws {RunError} If folders are called as splits, but not as those that are known: all of it would be trained on,
 *   and the splits would be the classes.
 */
export async function findSplits(
  root: string,
  { option = "data.root", log }: ListingOptions,
): Promise<{ train: string; queries: string | null }> {
  const folders = await foldersIn(root), splits = folders.filter((name) => SPLIT_WORDS.test(name));
  if (!splits.length) return { train: root, queries: null };
  const queries = QUERIES.find((name) => splits.includes(name)) ?? null, hasTrain = splits.includes("train");
  const unknown = splits.filter((name) => name !== "train" && !QUERIES.includes(name));
  if (!hasTrain || (queries === null && unknown.length)) {
    const found = splits.map((name) => `${quoted(name)}`).join(" and "), lacks = hasTrain ? "val" : "train";
    throw new RunError(
      `The folder ${quoted(root, 300)} has ${found}, but no "${lacks}": rename what is ${
        hasTrain ? "searched for" : "trained on"
      } to "${lacks}", or set ${option} to a folder below it` +
        (option === "data.root" ? "; if these are classes, set data.splits to none" : ""),
    );
  }
  const besides = folders.filter((name) => !splits.includes(name));
  if (besides.length) {
    const names = besides.slice(0, 5).map((name) => quoted(name)).join(", ");
    log?.(
      `Beside the splits in ${quoted(root, 300)}, ${besides.length} folders are passed over: ${names}${
        besides.length > 5 ? ", ..." : ""
      }` + (option === "data.root" ? "; if train/ is a class as they are, set data.splits to none" : ""),
    );
  }
  return { train: `${root}/train`, queries: queries && `${root}/${queries}` };
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
