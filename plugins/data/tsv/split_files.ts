import { join } from "node:path";
import { type PluginContext, quoted, RunError, splitUseOfWord } from "@seed/core";

const TRAIN = "train.tsv";
/** What is searched for; the first that is there is taken. */
const QUERIES = ["val.tsv", "test.tsv"];

/**
 * The files of a folder's splits.
 *
 * @returns what is trained on, and what is searched for if there is such a file.
 * @throws {RunError} If there is none to train on, or files are called as held out in another way.
 */
export async function splitFiles(folder: string, { log }: Pick<PluginContext, "log">): Promise<string[]> {
  const all = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  const names = all.filter((name) => /^[^.].*\.tsv$/i.test(name)).sort();
  if (!names.includes(TRAIN)) {
    throw new RunError(
      `There is no file "${join(folder, TRAIN)}"${
        names.length ? `, but ${listOf(names)}` : ""
      }; set data.root to a .tsv or to a folder of ${TRAIN}`,
    );
  }
  const queries = QUERIES.filter((name) => names.includes(name)).slice(0, 1);
  const others = names.filter((name) => name !== TRAIN && !queries.includes(name));
  const heldOut = others.filter((name) => splitUseOfWord(name.slice(0, -4))?.use === "held out");
  if (queries.length === 0 && heldOut.length) {
    throw new RunError(
      `The folder "${folder}" has ${TRAIN} and ${listOf(heldOut)}, but no ${
        QUERIES[0]
      }: rename what is searched for ` +
        `to ${QUERIES[0]}, or set data.root to ${join(folder, TRAIN)}`,
    );
  }
  if (others.length) log(`Passed over in "${folder}": ${listOf(others)}`);
  return [TRAIN, ...queries].map((name) => join(folder, name));
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => quoted(name));
  return shown.join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
}
