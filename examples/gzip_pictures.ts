/**
 * A data source in one file, outside of SEED, that brings its own reader: its pictures lie gzip-compressed one after
 * the other in one file, and a list beside it says where. Name it in a recipe by its path from the recipe:
 *
 * ```yaml
 * data: { plugin: "./gzip_pictures.ts", file: pictures.gz } # and pictures.gz.json: [{ "name", "offset", "length" }]
 * ```
 *
 * @module
 */
import { gunzipSync } from "node:zlib";
import { definePlugin, type ImageReader, readRange, z } from "@seed/core";

/** Workers import this function by its name, and call it once each with the parameters that images name. */
export function openGzip({ file }: { file: string }): ImageReader {
  const opened = Deno.openSync(file);
  return ({ offset = 0, length = 0 }) => gunzipSync(readRange(opened, offset, length, file));
}

export default definePlugin({
  kind: "data",
  name: "gzip-pictures",
  apiVersion: 1,
  about: { summary: "Gzip-compressed pictures, one after the other in a file" },
  options: z.strictObject({ file: z.string().min(1) }),
  async create(options, { resolve }) {
    const file = resolve(options.file), list = JSON.parse(await Deno.readTextFile(`${file}.json`));
    const reader = { module: import.meta.url, exportName: "openGzip", parameters: { file } };
    const image = (i: number) => ({ ...list[i], file, reader });
    return { train: { length: list.length, image }, evaluation: null, [Symbol.dispose]() {} };
  },
});
