/**
 * The pictures of a page: some of a folder's, or of those that a run is evaluated on, chosen by a seed.
 *
 * @module
 */
import { isAbsolute } from "node:path";
import { type ImageReference, type ImageSet, quoted, Random, RunError } from "@seed/core";
import {
  createPlugin,
  type Host,
  pluginContext,
  type Recipe,
  requireFiles,
  type ViewPipeline,
  withoutBrokenImages,
} from "@seed/core/host";
import { openImageFolder } from "@seed/data-image-folder";
import { LEAST_PICTURES } from "./wanted.ts";

/** A picture. */
export interface Picture {
  readonly image: ImageReference;
  /** Index into the library's classes; null: it has none. */
  readonly label: number | null;
  /** Index into the library's `groups`. */
  readonly group: number;
}

/** The pictures of a page, in the order of their listing. */
export interface Library {
  readonly pictures: readonly Picture[];
  /** How many they were chosen of. */
  readonly of: number;
  /** Names of classes; empty: there are none. */
  readonly classes: readonly string[];
  /** What pictures a run had them for, such as `queries`; one alone needs no name. */
  readonly groups: readonly string[];
}

/** Pictures with their classes, before some are chosen. */
type Group = readonly [name: string, images: ImageSet];

/** How many are chosen, and by what. */
export interface Choice {
  readonly count: number;
  readonly seed: number;
}

/**
 * Of a folder, in which folders are classes.
 *
 * @throws {RunError} If there is no such folder, or it has fewer than 8 pictures.
 */
export async function libraryOfFolder(root: string, choice: Choice, { log }: Host): Promise<Library> {
  const { train } = await openImageFolder(root, { option: "--images", splits: "none", log });
  return chosenOf([["pictures", train]], choice, `--images ${quoted(root, 300)}`);
}

/**
 * Of a run: what it is evaluated on; of a run that evaluates nothing what it was trained on.
 *
 * @param own Is given whatever has to be disposed of after the pictures were read.
 * @throws {RunError} If there are fewer than 8.
 */
export async function libraryOfRun(
  recipe: Pick<Recipe, "data" | "seed">,
  choice: Choice,
  host: Host,
  own: AsyncDisposableStack,
): Promise<Library> {
  const data = own.use(await createPlugin(recipe.data, pluginContext(recipe.data, recipe.seed, host)));
  await requireFiles(data, host);
  const { evaluation, train } = data;
  const groups: Group[] = evaluation
    ? [["gallery", evaluation.gallery], ["queries", evaluation.queries]]
    : [["trained on", train]];
  return chosenOf(groups, choice, "The run's data");
}

/** @throws {RunError} If they are fewer than 8. */
export function chosenOf(groups: readonly Group[], { count, seed }: Choice, whose: string): Library {
  const of = groups.reduce((sum, [, { length }]) => sum + length, 0);
  requireEnough(of, `${whose} has`);
  const found = chosen(of, count, seed).map((index) => {
    let group = 0;
    for (; index >= groups[group][1].length; group++) index -= groups[group][1].length;
    const [, images] = groups[group];
    return { image: images.image(index), className: classOf(images, index), group };
  });
  return { ...numbered(found), of, groups: groups.map(([name]) => name) };
}

/** Numbers the classes of pictures by their names; those without a picture here have no place on the page. */
function numbered(
  found: readonly (Omit<Library["pictures"][number], "label"> & { className: string | null })[],
): Pick<Library, "pictures" | "classes"> {
  const classes = [...new Set(found.flatMap(({ className }) => className ?? []))].sort();
  const numbers = new Map(classes.map((name, label) => [name, label]));
  const pictures = found.map(({ className, ...picture }) => ({
    ...picture,
    label: className === null ? null : numbers.get(className)!,
  }));
  return { pictures, classes };
}

/** `count` of the numbers `0 .. total-1`, ascending, drawn without putting back; all if they are not more. */
export function chosen(total: number, count: number, seed: number): number[] {
  const drawn = new Random(seed, "explore").permutation(total).subarray(0, count);
  return Array.from(drawn).sort((a, b) => a - b);
}

function classOf(images: ImageSet, index: number): string | null {
  return images.label && images.classNames ? images.classNames[images.label(index)] : null;
}

/**
 * What a picture is called on the page: its name, but of a path from the root its end alone, since pages are shown to
 * people whom the folders of a machine do not concern.
 */
export function shownName({ name }: ImageReference): string {
  return isAbsolute(name) ? name.split("/").slice(-2).join("/") : name;
}

/**
 * The pictures that can be read, and how many cannot.
 *
 * @throws {RunError} If fewer than 8 can.
 */
export async function readableOf(
  library: Library,
  pipeline: ViewPipeline,
  host: Host,
): Promise<{ library: Library; skipped: number }> {
  const { images, skipped } = await withoutBrokenImages(imagesOf(library.pictures), pipeline, host);
  const kept = new Set(Array.from({ length: images.length }, (_, i) => images.image(i)));
  const found = library.pictures.filter(({ image }) => kept.has(image)).map(({ label, ...picture }) => ({
    ...picture,
    className: label === null ? null : library.classes[label],
  }));
  requireEnough(found.length, "Of those that were chosen there can be read");
  return { library: { ...library, ...numbered(found) }, skipped: skipped.count };
}

function requireEnough(count: number, what: string): void {
  if (count >= LEAST_PICTURES) return;
  throw new RunError(
    `${what} ${count} pictures, expected ${LEAST_PICTURES} or more: a map of fewer shows nothing`,
  );
}

/** Pictures as the set that networks embed. */
export function imagesOf(pictures: readonly Picture[]): ImageSet {
  return { length: pictures.length, isFound: true, image: (i) => pictures[i].image };
}
