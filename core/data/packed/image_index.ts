/**
 * Indices of large files of images, kept in the cache: finding a million images takes minutes on a slow disk.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { removeLeftovers, writeAtomically } from "../../files/atomic_file.ts";
import { isOfSystem, WriteError, writing } from "../../files/writing.ts";
import type { PluginContext } from "../../interfaces/plugin.ts";
import type { LeftOut, PackedImages } from "./packed_images.ts";
import { PackedTexts } from "./packed_texts.ts";

/** Changes when the content of an index does: older ones are made again. */
const FORMAT = 5;

/**
 * The index of a file: from the cache if the file is the same as then (by path, size and time of change), else made
 * and kept there.
 *
 * @param path Absolute.
 * @param context.beside Another file that the images are found by, which may not be there: its change counts too.
 * @param make Finds the images.
 * @throws {RunError} What `make` throws. A cache that cannot be written is told alone.
 */
export async function cachedIndex(
  path: string,
  { cacheDir, log, beside }: Pick<PluginContext, "cacheDir" | "log"> & { beside?: string },
  make: () => Promise<PackedImages>,
): Promise<PackedImages> {
  const { size, mtime } = await Deno.stat(path);
  const other = beside === undefined ? null : await Deno.stat(beside).catch(() => null); // `make` tells what is wrong
  const key = JSON.stringify([
    ...[FORMAT, await Deno.realPath(path), size, mtime?.getTime() ?? null],
    ...other ? [other.size, other.mtime?.getTime() ?? null] : [],
  ]);
  const name = createHash("sha256").update(key).digest("hex").slice(0, 32);
  const file = join(cacheDir, `${name}.index`);
  const known = await readIndex(file, log);
  if (known) return known;
  const images = await make();
  try {
    await writing(cacheDir, () => Deno.mkdir(cacheDir, { recursive: true }));
    await writing(cacheDir, () => removeLeftovers(cacheDir, false));
    await writing(file, () => writeAtomically(file, encode(images)));
  } catch (error) {
    // A cache that others share may be read only, or the disk full: without an index all works, but slower.
    if (!(error instanceof WriteError)) throw error;
    log(`${error.message}; the index of "${path}" is not kept and will be made anew at each start`);
  }
  return images;
}

/** Null: there is none, or a damaged one, which is told. */
async function readIndex(file: string, log: (message: string) => void): Promise<PackedImages | null> {
  const bytes = await Deno.readFile(file).catch((error) => {
    if (!isOfSystem(error)) throw error;
    if (!(error instanceof Deno.errors.NotFound)) {
      log(`Cannot read the index "${file}": ${error.message}; making it anew`);
    }
    return null;
  });
  const images = bytes && decode(bytes);
  if (bytes && !images) log(`The index "${file}" is damaged; making it anew`);
  return images;
}

/** What stands before the arrays, padded to eight bytes. */
interface Head {
  count: number;
  /** Of all names. */
  nameBytes: number;
  classNames: readonly string[] | null;
  leftOut?: readonly LeftOut[];
}

/** Length of the head, the sum of it and of all after it, then head and arrays. */
function encode({ offsets, lengths, labels, names, classNames, leftOut }: PackedImages): Uint8Array[] {
  const head: Head = { count: offsets.length, nameBytes: names.bytes.length, classNames, leftOut };
  const text = new TextEncoder().encode(JSON.stringify(head)),
    padded = new Uint8Array((text.length + 7) & ~7);
  padded.fill(32).set(text);
  const arrays = [offsets, names.ends, lengths, labels, names.bytes];
  const chunks = [
    padded,
    ...arrays.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
  ];
  const length = bytesOf(padded.length),
    sum = [length, ...chunks].reduce((sum, chunk) => crc32(chunk, sum), 0);
  return [length, bytesOf(sum), ...chunks];
}

function bytesOf(number: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(number).buffer);
}

/** Null: it is damaged. */
function decode(bytes: Uint8Array<ArrayBuffer>): PackedImages | null {
  if (bytes.length < 8) return null;
  const [headBytes, sum] = new Uint32Array(bytes.buffer, 0, 2);
  if (crc32(bytes.subarray(8), crc32(bytes.subarray(0, 4))) !== sum) return null;
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headBytes)));
  const { count, nameBytes, classNames, leftOut } = head as Head;
  let at = 8 + headBytes;
  const next = (length: number) => (at += length) - length;
  const offsets = new Float64Array(bytes.buffer, next(8 * count), count);
  const ends = new Float64Array(bytes.buffer, next(8 * count), count);
  const lengths = new Uint32Array(bytes.buffer, next(4 * count), count);
  const labels = new Int32Array(bytes.buffer, next(4 * count), count);
  const names = new PackedTexts(new Uint8Array(bytes.buffer, next(nameBytes), nameBytes), ends);
  return { offsets, lengths, labels, names, classNames, leftOut };
}
