/**
 * Images in tar archives, WebDataset's format: read in place, in any order, with an index that is made once.
 *
 * @module
 */
import { dirname, join, relative } from "node:path";
import {
  cachedIndex,
  classNamesOf,
  type DataSource,
  definePlugin,
  haveLabels,
  type PackedFile,
  packedImageSet,
  type PluginContext,
  ProgressLine,
  quoted,
  readRegular,
  requireLabelsOfAll,
  RunError,
  standInImage,
  tellClassesWithoutGallery,
  z,
} from "@seed/core";
import { indexShard } from "./index_shard.ts";
import { findShards, splitsOf } from "./shard_names.ts";
import { type ShardImage, writeShards } from "./write_shards.ts";

export { type ShardImage, writeShards };

const shards = z.union([z.string(), z.array(z.string()).min(1)]);

export default definePlugin({
  kind: "data",
  name: "@seed/data-webdataset",
  apiVersion: 1,
  about: {
    summary: "Images in tar shards (WebDataset), read in place in any order",
    source: "https://github.com/webdataset/webdataset",
  },
  options: z.strictObject({
    /**
     * Shards to train on: a .tar, a folder of them, a pattern in braces, or a list of these. Of a folder with
     * `train-*.tar` these alone; its `val-*.tar` or `test-*.tar` are the queries unless others are named, and its
     * `classes.txt` the names.
     */
    root: shards,
    /** Shards of the images that are searched for; null: nothing to evaluate on. */
    queries: shards.nullable().default(null),
    /** A text file with the name of a class a line; null: classes are called by their numbers. */
    class_names: z.string().nullable().default(null),
  }),
  async standIn({ queries }, { folder, images }) {
    const bytes = await standInImage();
    async function* noise(): AsyncGenerator<ShardImage> {
      for (let i = 0; i < images; i++) yield { name: `${i}.jpg`, bytes, label: 0 };
    }
    const write = (prefix: string) => writeShards(noise(), { folder, prefix, shardBytes: Infinity });
    return {
      root: await write("train"),
      queries: queries === null ? null : await write("queries"),
      class_names: null,
    };
  },
  async create(given, context): Promise<DataSource> {
    const splits = await splitsOf(given, context), root = splits?.train ?? given.root;
    const queries = given.queries ?? splits?.queries ?? null;
    const class_names = given.class_names ?? splits?.classNames ?? null;
    const train = await openShards(root, "data.root", context);
    const searched = queries === null ? null : await openShards(queries, "data.queries", context);
    const files = [...train, ...searched ?? []];
    requireLabelsOfAll(files.map(({ path, images }) => ({ path, ...images })));
    const all = files.map(({ images }) => images), isLabelled = haveLabels(all);
    const namesFile = class_names === null ? null : context.resolve(class_names);
    const named = namesFile === null ? null : { file: namesFile, names: await readNames(namesFile) };
    if (given.class_names !== null && !isLabelled) {
      const option = `data.class_names ${quoted(given.class_names)}`;
      throw new RunError(
        `${option} names classes, but no image of the shards has a label; take it out, or put a .cls or a .json with ` +
          "a label beside each image",
      );
    }
    const classNames = isLabelled ? checkedNames(named, classNamesOf(all)) : null;
    const gallery = packedImageSet(train, classNames);
    const evaluation = searched && { gallery, queries: packedImageSet(searched, classNames) };
    if (evaluation) tellClassesWithoutGallery(evaluation, context.log);
    return {
      train: gallery,
      evaluation,
      [Symbol.dispose]() {},
    };
  },
});

/** Indexes the shards that an option names, as far as they are not indexed. */
async function openShards(
  given: string | string[],
  option: string,
  context: PluginContext,
): Promise<PackedFile[]> {
  const paths = await findShards(given, context.resolve, option), top = commonFolder(paths);
  const files: PackedFile[] = [];
  using progress = new ProgressLine("Indexing", { total: paths.length, unit: "shards" });
  let made = 0;
  for (const path of paths) {
    context.signal.throwIfAborted();
    const images = await cachedIndex(path, context, async () => {
      if (made++ === 0) context.log(`Indexing ${paths.length} shards of ${option} (once)`);
      return await indexShard(path, context.signal);
    });
    files.push({ path, name: relative(top, path).replaceAll("\\", "/"), images });
    progress.update(files.length);
  }
  for (const message of describeLeftOut(files, option)) context.log(message);
  return files;
}

/** What shards hold besides images, a line a kind of it. */
function* describeLeftOut(files: readonly PackedFile[], option: string): Generator<string> {
  const all = files.flatMap(({ name, images }) => (images.leftOut ?? []).map((some) => ({ ...some, name })));
  for (const [what, some] of Map.groupBy(all, ({ what }) => what)) {
    const count = some.reduce((sum, { count }) => sum + count, 0), [{ first, name }] = some;
    yield `Left out of the shards of ${option}: ${count} ${what}, the first is ${quoted(first)} in ${
      quoted(name)
    }`;
  }
}

/** The folder that all the paths are in, at some depth. */
function commonFolder(paths: readonly string[]): string {
  let folder = dirname(paths[0]);
  for (const path of paths) {
    while (!path.startsWith(join(folder, "/")) && folder !== dirname(folder)) folder = dirname(folder);
  }
  return folder;
}

/** There are not as many classes as would fill so many bytes. */
const MAX_NAMES_BYTES = 64 << 20;

/** The lines of a file. */
async function readNames(path: string): Promise<string[]> {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await readRegular(path, MAX_NAMES_BYTES));
  } catch (error) {
    const why = error instanceof TypeError ? "it is not UTF-8" : (error as Error).message;
    throw new RunError(`Cannot read data.class_names "${path}": ${why}`, { cause: error });
  }
  const names = text.replace(/(\r?\n)+$/, "").split(/\r?\n/), blank = names.findIndex((name) => !name.trim());
  if (blank < 0) return names;
  throw new RunError(`${path}:${blank + 1}: the line is blank, expected the name of class ${blank}`);
}

/** The names that are given, if there are enough and no two are equal. */
function checkedNames(
  named: { file: string; names: readonly string[] } | null,
  numbers: readonly string[],
): readonly string[] {
  if (named === null) return numbers;
  const { file, names: given } = named, option = `data.class_names "${file}"`;
  const twice = given.find((name, i) => given.indexOf(name) < i);
  if (twice !== undefined) throw new RunError(`${option} has the class ${quoted(twice)} twice`);
  if (given.length >= numbers.length) return given;
  throw new RunError(
    `${option} has ${given.length} names, but the shards have the label ${numbers.at(-1)}; ` +
      "it needs a line for each class from 0",
  );
}
