/**
 * Images that a JSON file lists: `[{ "file": "cat/1.jpg", "label": "cat" }, ...]`, paths from the file's folder.
 *
 * ```yaml
 * data: { plugin: "./my_plugin.ts", list: photos.json }
 * ```
 *
 * @module
 */
import { dirname, join, resolve } from "node:path";
import { definePlugin, type ImageSet, RunError, standInImage, z } from "@seed/core";

const LIST = z.array(z.strictObject({ file: z.string().min(1), label: z.string() })).min(1);

export default definePlugin({
  kind: "data",
  name: "my-plugin", // in messages, and the name of its folder in the cache
  apiVersion: 1,
  about: { summary: "Images that a JSON file lists" },
  // Every key that a recipe may write beside `plugin`: checked before anything heavy loads.
  options: z.strictObject({ list: z.string().min(1) }),
  // For `distill --dry-run --stand-in`: files in place of those that the options name.
  async standIn(_options, { folder, images }) {
    const list = join(folder, "list.json"), picture = await standInImage();
    const entries = Array.from({ length: images }, (_, i) => ({ file: `${i}.jpg`, label: `${i % 2}` }));
    for (const { file } of entries) await Deno.writeFile(join(folder, file), picture);
    await Deno.writeTextFile(list, JSON.stringify(entries));
    return { list };
  },
  async create({ list }, context) {
    const path = context.resolve(list), train = imageSet(path, await readList(path));
    // `evaluation` holds labelled images that are searched in, and those that are searched for; null: there are none.
    return { train, evaluation: null, [Symbol.dispose]() {} };
  },
});

/** @throws {RunError} For what the user can mend; any other error counts as a defect of the plugin. */
async function readList(path: string): Promise<z.output<typeof LIST>> {
  let entries: z.output<typeof LIST>;
  try {
    entries = LIST.parse(JSON.parse(await Deno.readTextFile(path)));
  } catch (error) {
    throw new RunError(`Cannot read the list "${path}": ${(error as Error).message}`, { cause: error });
  }
  const seen = new Map<string, number>();
  for (const [i, { file }] of entries.entries()) {
    const first = seen.get(file);
    if (first !== undefined) {
      throw new RunError(
        `Entries ${first + 1} and ${i + 1} of the list "${path}" are both of "${file}"; list each file once`,
      );
    }
    seen.set(file, i);
  }
  return entries;
}

function imageSet(path: string, entries: z.output<typeof LIST>): ImageSet {
  const classNames = [...new Set(entries.map(({ label }) => label))].sort();
  return {
    length: entries.length,
    // Plain data, that any worker can read; a name is unique within the set.
    image: (i) => ({ name: entries[i].file, file: resolve(dirname(path), entries[i].file) }),
    label: (i) => classNames.indexOf(entries[i].label),
    classNames,
  };
}
