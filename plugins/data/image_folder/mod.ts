/**
 * A folder of images. With subfolders `train` and `val` (or `test`) they are the splits; the folders below are the
 * classes. Without, every image below is trained on and there is nothing to evaluate on.
 *
 * @module
 */
import { join } from "node:path";
import { definePlugin, type ImageSet, standInImage, z } from "@seed/core";
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
    const root = resolve(options.root);
    const trainRoot = await firstFolder(root, ["train"]) ?? root;
    const queriesRoot = await firstFolder(root, ["val", "test"]);
    const train = imageSet(trainRoot, await listImages(trainRoot));
    const queries = queriesRoot && queriesRoot !== trainRoot
      ? imageSet(queriesRoot, await listImages(queriesRoot), train.classNames)
      : null;
    return { train, evaluation: queries && { gallery: train, queries }, [Symbol.dispose]() {} };
  },
});

async function firstFolder(root: string, names: string[]): Promise<string | null> {
  for (const name of names) {
    const path = `${root}/${name}`;
    if (await Deno.stat(path).then((info) => info.isDirectory, () => false)) return path;
  }
  return null;
}

/** @param knownClasses Names whose order is kept, so that two splits agree. */
function imageSet(root: string, paths: string[], knownClasses: readonly string[] = []): ImageSet {
  const image = (i: number) => ({ name: paths[i], file: `${root}/${paths[i]}` });
  if (!paths.every((path) => path.includes("/"))) return { length: paths.length, image };
  const classOf = (path: string) => path.slice(0, path.indexOf("/"));
  const classNames = [...new Set([...knownClasses, ...paths.map(classOf)])];
  const ids = new Map(classNames.map((name, id) => [name, id]));
  return { length: paths.length, image, label: (i) => ids.get(classOf(paths[i]))!, classNames };
}
