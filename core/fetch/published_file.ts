import { join } from "node:path";
import { writingInCache } from "./cache_directory.ts";
import { download } from "./download.ts";
import { RunError } from "../errors.ts";
import { hashOfFile } from "./file_hash.ts";
import { gunzipFile } from "./gunzip.ts";
import { isFile } from "../files/path_exists.ts";
import { writing } from "../files/writing.ts";
import type { PluginContext } from "../interfaces/plugin.ts";

/** A gzip file as its publisher offers it. */
export interface PublishedFile {
  readonly name: string;
  readonly url: string;
  /** Its publisher's checksum, hexadecimal. */
  readonly md5: string;
  /** What it unpacks to is not larger. */
  readonly maxBytes: number;
}

/**
 * Unpacks a published file into the cache, once; what it is, is checked before.
 *
 * @param folder Where it is, or is fetched to.
 * @param fetch Whether to fetch it if it is not there.
 * @returns the path of what it unpacks to; null: it is not there.
 * @throws {RunError} If it is another file, or cannot be fetched.
 */
export async function unpackPublished(
  { name, url, md5, maxBytes }: PublishedFile,
  folder: string,
  fetch: boolean,
  { cacheDir, log, signal }: Pick<PluginContext, "cacheDir" | "log" | "signal">,
): Promise<string | null> {
  const path = join(folder, name);
  if (!await isFile(path)) {
    if (!fetch) return null;
    await writing(folder, () => Deno.mkdir(folder, { recursive: true }));
    await download({ url, path, md5, log, signal });
  }
  const actual = await hashOfFile(path, "md5");
  if (actual !== md5) {
    throw new RunError(
      `The file "${path}" has the MD5 ${actual}, but ${md5} is published; remove it and fetch it anew`,
    );
  }
  const into = join(cacheDir, `${md5.slice(0, 8)}-${name.replace(/\.gz$/, "")}`);
  if (await isFile(into)) return into;
  log(`Unpacking ${path} (once)`);
  await writingInCache(cacheDir, () => gunzipFile(path, into, maxBytes));
  return into;
}
