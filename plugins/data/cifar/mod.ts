/**
 * CIFAR-10 and CIFAR-100, in their binary version: 32 x 32 pictures that are read where they lie.
 *
 * @module
 */
import { join } from "node:path";
import { type DataSource, definePlugin, recordImageSet, tellClassesWithoutGallery, z } from "@seed/core";
import { findFiles } from "./files.ts";
import { readClassNames, readRecords, SIDE } from "./records.ts";
import { type Variant, VARIANTS } from "./variants.ts";

export default definePlugin({
  kind: "data",
  name: "@seed/data-cifar",
  apiVersion: 1,
  about: {
    summary: "CIFAR-10 and CIFAR-100, binary version",
    source: "Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
  },
  options: z.strictObject({
    /** Folder of the files, or of the archive. */
    root: z.string(),
    variant: z.enum(["cifar10", "cifar100"]).default("cifar10"),
    /** Fetches the archive into `root` if it is not there. */
    download: z.boolean().default(false),
  }),
  async standIn(options, { folder, images }) {
    const { train, test, classNames, classes, labelBytes }: Variant = VARIANTS[options.variant];
    const record = new Uint8Array(labelBytes + 3 * SIDE * SIDE).map((_, i) =>
      i < labelBytes ? 0 : (i * 7919) >> 3
    );
    for (const [files, count] of [[train, Math.ceil(images / train.length)], [test, images]] as const) {
      const bytes = new Uint8Array(count * record.length);
      for (let i = 0; i < count; i++) bytes.set(record, i * record.length);
      for (const name of files) await Deno.writeFile(join(folder, name), bytes);
    }
    const names = Array.from({ length: classes }, (_, i) => `class ${i}\n`);
    await Deno.writeTextFile(join(folder, classNames), names.join(""));
    return { ...options, root: folder, download: false };
  },
  async create({ root, variant: name, download }, context): Promise<DataSource> {
    const variant: Variant = VARIANTS[name];
    const files = await findFiles(context.resolve(root), variant, download, context);
    const part = (name: string) => files.get(name)!;
    const classNames = readClassNames(variant.classNames, part(variant.classNames), variant);
    const open = (names: readonly string[]) => {
      const records = names.map((name) => readRecords(name, part(name), variant));
      return recordImageSet(records, { width: SIDE, height: SIDE, layout: "planar" }, classNames);
    };
    const gallery = open(variant.train), queries = open(variant.test);
    tellClassesWithoutGallery({ gallery, queries }, context.log);
    return { train: gallery, evaluation: { gallery, queries }, [Symbol.dispose]() {} };
  },
});
