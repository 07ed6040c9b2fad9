/**
 * Images as lines of text, as SEED's own code has them: a name, a label, and the encoded image in base64, with tabs
 * between; `.lineidx` beside it says where lines begin. Lines without the name are read too.
 *
 * @module
 */
import { basename, join } from "node:path";
import {
  cachedIndex,
  classNamesOf,
  type DataSource,
  definePlugin,
  haveLabels,
  type PackedFile,
  packedImageSet,
  type PluginContext,
  requireLabelsOfAll,
  RunError,
  standInImage,
  statIfThere,
  tellClassesWithoutGallery,
  withSameKindOfLabels,
  z,
} from "@seed/core";
import { indexTsv } from "./index_tsv.ts";
import { lineIndexOf } from "./line_starts.ts";
import { splitFiles } from "./split_files.ts";
import { type TsvImage, writeTsv } from "./write_tsv.ts";

export { type TsvImage, writeTsv };

export default definePlugin({
  kind: "data",
  name: "@seed/data-tsv",
  apiVersion: 1,
  about: {
    summary: "Lines of name, label and base64 image, with .lineidx: the format of SEED's code",
    source: "https://github.com/jacobswan1/SEED",
  },
  options: z.strictObject({
    /** A .tsv file, or a folder with train.tsv and, to evaluate on, val.tsv or test.tsv. */
    root: z.string(),
  }),
  async standIn(_options, { folder, images }) {
    const bytes = await standInImage();
    async function* noise(): AsyncGenerator<TsvImage> {
      for (let i = 0; i < images; i++) yield { name: `${i}.png`, label: "0", bytes };
    }
    for (const split of ["train", "val"]) await writeTsv(noise(), join(folder, `${split}.tsv`));
    return { root: folder };
  },
  async create(options, context): Promise<DataSource> {
    const root = context.resolve(options.root), info = await statIfThere(root);
    if (info === null) {
      throw new RunError(`There is no "${root}"; set data.root to a .tsv or to a folder of train.tsv`);
    }
    const paths = info.isDirectory ? await splitFiles(root, context) : [root];
    const files: PackedFile[] = [];
    for (const path of paths) files.push(await openTsv(path, context));
    requireLabelsOfAll(files.map(({ path, images }) => ({ path, ...images })));
    const sets = withSameKindOfLabels(files.map(({ images }) => images));
    const classNames = haveLabels(sets) ? classNamesOf(sets) : null;
    const [train, queries] = files.map((file, i) =>
      packedImageSet([{ ...file, images: sets[i] }], classNames, "base64")
    );
    const evaluation = queries ? { gallery: train, queries } : null;
    if (evaluation) tellClassesWithoutGallery(evaluation, context.log);
    return { train, evaluation, [Symbol.dispose]() {} };
  },
});

async function openTsv(path: string, context: PluginContext): Promise<PackedFile> {
  const images = await cachedIndex(path, { ...context, beside: lineIndexOf(path) }, async () => {
    context.log(`Indexing ${path} (once)`);
    return await indexTsv(path, context.signal);
  });
  return { path, name: basename(path), images };
}
