import { basename } from "node:path";
import { type ImageSet, Random, readRegular, RunError } from "@seed/core";

/**
 * The images whose labels are known: the same share of every class, at random by the seed, at least one of each.
 *
 * @returns rows of the set, class by class.
 */
export function stratified(labels: ArrayLike<number>, share: number, seed: number): number[] {
  const byClass = Map.groupBy(Array.from(labels).keys(), (row) => labels[row]);
  return [...byClass.keys()].sort((a, b) => a - b).flatMap((label) => {
    const rows = byClass.get(label)!, order = new Random(seed, "labelled", label).permutation(rows.length);
    return Array.from({ length: Math.max(1, Math.round(share * rows.length)) }, (_, i) => rows[order[i]]);
  });
}

/** A longer list has more lines than there are images anywhere. */
const MAX_LIST_BYTES = 1 << 30;

/**
 * The images that a file names, one file name a line: SimCLR's `1percent.txt` and `10percent.txt`, say. Folders before
 * the name do not count.
 *
 * @throws {RunError} If a name is not among the images.
 */
export async function listed(images: ImageSet, path: string): Promise<number[]> {
  const rows = new Map(Array.from({ length: images.length }, (_, i) => [basename(images.image(i).name), i]));
  const bytes = await readRegular(path, MAX_LIST_BYTES).catch((error) => {
    throw new RunError(`Cannot read the list "${path}": ${error.message}`);
  });
  const text = new TextDecoder().decode(bytes);
  return text.split("\n").flatMap((line, number) => {
    const name = basename(line.trim());
    if (!name) return [];
    const row = rows.get(name);
    if (row !== undefined) return [row];
    throw new RunError(`${path}:${number + 1}: The gallery has no image "${name}"`);
  });
}
