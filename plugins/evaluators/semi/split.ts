import { basename } from "node:path";
import { type ImageSet, quoted, Random, readRegular, RunError } from "@seed/core";

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
 * The images that a file names, one a line: SimCLR's `1percent.txt` and `10percent.txt`, say. A name is the image's own,
 * or else that of its file alone, whatever folders stand before it.
 *
 * @throws {RunError} If a name is not among the images, or is of several.
 */
export async function listed(images: ImageSet, path: string): Promise<number[]> {
  const names = Array.from({ length: images.length }, (_, i) => images.image(i).name);
  const byName = new Map(names.map((name, row) => [name, row]));
  const byFile = Map.groupBy(names.keys(), (row) => basename(names[row]));
  const bytes = await readRegular(path, MAX_LIST_BYTES).catch((error) => {
    throw new RunError(`Cannot read the list "${path}": ${error.message}`);
  });
  const text = new TextDecoder().decode(bytes);
  return text.split("\n").flatMap((line, number) => {
    const name = line.trim(), file = basename(name);
    if (!file) return [];
    const row = byName.get(name), rows = row === undefined ? byFile.get(file) ?? [] : [row];
    if (rows.length === 1) return rows;
    const found = rows.length ? `${rows.length} images` : "no image";
    throw new RunError(`${path}:${number + 1}: The gallery has ${found} ${quoted(file)}`);
  });
}
