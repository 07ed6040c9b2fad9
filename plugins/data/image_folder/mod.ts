/**
 * A folder of images. With subfolders `train` and `val` (or `test`) they are the splits; the folders below are the
 * classes. Without, every image below is trained on and there is nothing to evaluate on.
 *
 * @module
 */
import { join } from "node:path";
import { definePlugin, type ImageSet, isFolder, type PackedTexts, standInImage, z } from "@seed/core";
import { listImages } from "./listing.ts";

export { listImages };

export default definePlugin({
  kind: "data",
  name: "@seed/data-image-folder",
  apiVersion: 1,
  about: { summary: "A folder of images, flat or by class, with or without train/ and val/" },
  options: z.strictObject({
    /** The folder. */
    root: z.string(),
  }),
  async standIn(options, { folder, images }) {
    const root = join(folder, "images"), file = await standInImage();
    for (const split of ["train", "val"]) {
      await Deno.mkdir(join(root, split, "noise"), { recursive: true });
      for (let i = 0; i < images; i++) await Deno.writeFile(join(root, split, "noise", `${i}.jpg`), file);
    }
    return { ...options, root };
  },
  async create(options, { resolve }) {
    const { train, queries } = await openImageFolder(resolve(options.root));
    return { train, evaluation: queries && { gallery: train, queries }, [Symbol.dispose]() {} };
  },
});

/**
 * The images of a folder: those of `train/`, or else all, and those of `val/` or `test/`.
 *
 * @param option What named the folder, for errors.
 * @throws {RunError} If there is no such folder, or no image where there should be some.
 */
export async function openImageFolder(
  root: string,
  option = "data.root",
): Promise<{ train: ImageSet; queries: ImageSet | null }> {
  const trainRoot = await firstFolder(root, ["train"]) ?? root;
  const queriesRoot = await firstFolder(root, ["val", "test"]);
  const train = imageSet(trainRoot, await listImages(trainRoot, option));
  const queries = queriesRoot && queriesRoot !== trainRoot
    ? imageSet(queriesRoot, await listImages(queriesRoot, option), train.classNames)
    : null;
  return { train, queries };
}

async function firstFolder(root: string, names: string[]): Promise<string | null> {
  for (const name of names) {
    const path = `${root}/${name}`;
    if (await isFolder(path)) return path;
  }
  return null;
}

/** @param knownClasses Names whose order is kept, so that two splits agree. */
function imageSet(root: string, paths: PackedTexts, knownClasses: readonly string[] = []): ImageSet {
  const { length } = paths;
  const image = (i: number) => {
    const path = paths.at(i);
    return { name: path, file: `${root}/${path}` };
  };
  const ids = new Map(knownClasses.map((name, id) => [name, id])), labels = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    const path = paths.at(i), end = path.indexOf("/"), name = path.slice(0, end);
    if (end < 0) return { length, isFound: true, image };
    if (!ids.has(name)) ids.set(name, ids.size);
    labels[i] = ids.get(name)!;
  }
  return { length, isFound: true, image, label: (i) => labels[i], classNames: [...ids.keys()] };
}
