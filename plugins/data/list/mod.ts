/**
 * Images that a text file lists, a path a line, with or without a label.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import {
  classNamesOf,
  type DataSource,
  definePlugin,
  haveLabels,
  type ImageSet,
  labelIn,
  requireLabelsOfAll,
  standInImage,
  tellClassesWithoutGallery,
  withSameKindOfLabels,
  z,
} from "@seed/core";
import { type ImageList, readList } from "./read_list.ts";

export default definePlugin({
  kind: "data",
  name: "@seed/data-list",
  apiVersion: 1,
  about: { summary: "Image files that a text file lists, with or without labels" },
  options: z.strictObject({
    /** The list of the images to train on. */
    root: z.string(),
    /** The list of the images that are searched for; null: nothing to evaluate on. */
    queries: z.string().nullable().default(null),
  }),
  check({ queries }, { evaluates }) {
    if (queries !== null || !evaluates) return [];
    const message =
      "The recipe evaluates, but the list has no queries; set data.queries, or take evaluate out";
    return [{ key: "queries", message }];
  },
  async standIn({ queries }, { folder, images }) {
    const bytes = await standInImage(), names = Array.from({ length: images }, (_, i) => `${i}.jpg`);
    for (const name of names) await Deno.writeFile(join(folder, name), bytes);
    const list = join(folder, "list.txt");
    await Deno.writeTextFile(list, names.map((name) => `${name}\tnoise\n`).join(""));
    return { root: list, queries: queries === null ? null : list };
  },
  async create(options, context): Promise<DataSource> {
    const paths = [context.resolve(options.root)];
    if (options.queries !== null) paths.push(context.resolve(options.queries));
    const found: ImageList[] = [];
    for (const [i, path] of paths.entries()) {
      found.push(await readList(path, ["data.root", "data.queries"][i]));
    }
    requireLabelsOfAll(found.map((list, i) => ({ ...list, path: paths[i], names: list.paths })));
    const lists = withSameKindOfLabels(found), classNames = haveLabels(lists) ? classNamesOf(lists) : null;
    const [train, queries] = lists.map((list, i) => imageSet(paths[i], list, classNames));
    const evaluation = queries ? { gallery: train, queries } : null;
    if (evaluation) tellClassesWithoutGallery(evaluation, context.log);
    return { train, evaluation, [Symbol.dispose]() {} };
  },
});

/** Names begin with list and line: that is where an image that cannot be read is to be mended. */
function imageSet(path: string, list: ImageList, classNames: readonly string[] | null): ImageSet {
  const { length } = list.paths, folder = dirname(path), name = basename(path);
  const image = (i: number) => {
    const given = list.paths.at(i);
    return { name: `${name}:${i + 1}/${given.replace(/^\/+/, "")}`, file: resolve(folder, given) };
  };
  if (classNames === null) return { length, image };
  return { length, image, label: labelIn(list, classNames), classNames };
}
