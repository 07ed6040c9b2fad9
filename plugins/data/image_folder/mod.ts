/**
 * A folder of images. With subfolders `train` and `val` (or `test`) they are the splits; the folders below are the
 * classes. Without, every image below is trained on and there is nothing to evaluate on, unless a share is held out.
 *
 * @module
 */
import { join } from "node:path";
import {
  definePlugin,
  type ImageSet,
  type PackedTexts,
  quoted,
  RunError,
  standInImage,
  tellClassesWithoutGallery,
  z,
} from "@seed/core";
import { divide, drawSome, holdOut } from "./held_out.ts";
import { listFolder, listImages, type Listing } from "./listing.ts";
import { findSplits, refuseSplitsBelow, type SplitOptions } from "./splits.ts";

export { divide, drawSome, listImages };

export default definePlugin({
  kind: "data",
  name: "@seed/data-image-folder",
  apiVersion: 1,
  about: { summary: "A folder of images, flat or by class, with or without train/ and val/" },
  options: z.strictObject({
    /** The folder. */
    root: z.string(),
    /** `none`: `train`, `val`, `test` and the like are classes as any other. */
    splits: z.enum(["auto", "none"]).default("auto"),
    /** Share of each class of a folder without splits that is evaluated on, and not trained on; null: nothing is. */
    held_out: z.number().gt(0).lt(1).nullable().default(null),
    /** How many of the images to train on are searched in by evaluations; null: all. */
    gallery: z.int().positive().max(1e9).nullable().default(null),
  }),
  async standIn(options, { folder, images }) {
    const root = join(folder, "images"), file = await standInImage();
    for (const split of ["train", "val"]) {
      await Deno.mkdir(join(root, split, "noise"), { recursive: true });
      for (let i = 0; i < images; i++) await Deno.writeFile(join(root, split, "noise", `${i}.jpg`), file);
    }
    return { ...options, root, held_out: null };
  },
  async create({ root, splits, held_out: share, gallery }, { resolve, log }) {
    const opened = await openImageFolder(resolve(root), { splits, log });
    const { train, queries } = share === null ? opened : heldOut(opened, share, root);
    const evaluation = queries && { gallery: gallery === null ? train : drawSome(train, gallery), queries };
    if (evaluation) tellClassesWithoutGallery(evaluation, log);
    return { train, evaluation, [Symbol.dispose]() {} };
  },
});

/** @throws {RunError} If the folder has images to evaluate on already. */
function heldOut(
  { train, queries }: { train: ImageSet; queries: ImageSet | null },
  share: number,
  root: string,
): { train: ImageSet; queries: ImageSet } {
  if (queries === null) return holdOut(train, share);
  throw new RunError(
    `The folder ${quoted(root, 300)} has images to evaluate on, val/ or test/; take data.held_out out`,
  );
}

/** How a folder is opened. */
export interface FolderOptions extends SplitOptions {
  /** `none`: no folder in it is a split. Default: `auto`. */
  splits?: "auto" | "none";
}

/**
 * The images of a folder: those of `train/`, or else all, and those of `val/` or `test/`.
 *
 * @throws {RunError} If there is no such folder, no image where there should be some, if the folders in it are splits
 *   by their names but not those that are known, or if some images have a class and others have none.
 */
export async function openImageFolder(
  root: string,
  { splits = "auto", ...options }: FolderOptions = {},
): Promise<{ train: ImageSet; queries: ImageSet | null }> {
  const found = splits === "auto" ? await findSplits(root, options) : { train: root, queries: null };
  const listed = await listFolder(found.train, options), { paths } = listed, strays = straysOf(paths);
  if (splits === "auto") refuseSplitsBelow(found.train, paths, options);
  if (found.queries === null) {
    if (strays && strays.count < paths.length) {
      options.log?.(
        `${strays.count} of ${paths.length} images lie beside the folders in ${
          quoted(found.train, 300)
        }, the first is ` +
          `${quoted(strays.first)}: the images have no classes`,
      );
    }
    return { train: imageSet(found.train, listed, strays === null ? [] : null), queries: null };
  }
  const searched = await listFolder(found.queries, options);
  const isLabelled = requireAlike(
    { root: found.train, paths, strays },
    { root: found.queries, paths: searched.paths, strays: straysOf(searched.paths) },
  );
  const train = imageSet(found.train, listed, isLabelled ? [] : null);
  const queries = imageSet(found.queries, searched, train.classNames ?? null);
  return { train, queries };
}

/** Images that lie in no folder, and so have no class; null: there are none. */
function straysOf(paths: PackedTexts): { first: string; count: number } | null {
  let first = "", count = 0;
  for (let i = 0; i < paths.length; i++) {
    const path = paths.at(i);
    if (!path.includes("/") && count++ === 0) first = path;
  }
  return count ? { first, count } : null;
}

/** A split. */
interface Split {
  root: string;
  paths: PackedTexts;
  strays: ReturnType<typeof straysOf>;
}

/** Whether the images have classes; all of them do, or none. */
function requireAlike(...splits: Split[]): boolean {
  const isFlat = splits.every(({ paths, strays }) => strays?.count === paths.length);
  const [odd] = splits.filter(({ strays }) => strays);
  if (isFlat || !odd) return !isFlat;
  throw new RunError(
    `The image ${quoted(odd.strays!.first)} lies beside the folders of classes in ${quoted(odd.root, 300)}` +
      (odd.strays!.count > 1 ? `, as ${odd.strays!.count - 1} more do` : "") +
      ", and has no class; move it into the folder of its class, or take it out",
  );
}

/** @param knownClasses Names whose order is kept, so that two splits agree; null: the images have no classes. */
function imageSet(
  root: string,
  { paths, areFiles: isFound }: Listing,
  knownClasses: readonly string[] | null,
): ImageSet {
  const { length } = paths;
  const image = (i: number) => {
    const path = paths.at(i);
    return { name: path, file: `${root}/${path}` };
  };
  if (knownClasses === null) return { length, isFound, image };
  const ids = new Map(knownClasses.map((name, id) => [name, id])), labels = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    const path = paths.at(i), name = path.slice(0, path.indexOf("/"));
    if (!ids.has(name)) ids.set(name, ids.size);
    labels[i] = ids.get(name)!;
  }
  return { length, isFound, image, label: (i) => labels[i], classNames: [...ids.keys()] };
}
