import type { Pixels } from "../../interfaces/augmenter.ts";
import type { ImageReference, RawPixels } from "../../interfaces/data_source.ts";
import { RunError } from "../../errors.ts";
import { readRange } from "../../files/read_range.ts";
import { openRegularSync, readRegular } from "../../files/regular_file.ts";
import { readByReader } from "./image_reader.ts";

/** Files stay open: a source often keeps many images in one. */
const files = new Map<string, Deno.FsFile>();
const MAX_OPEN_FILES = 64;

/**
 * Reads an image from where it lies, or by the reader that its source brings.
 *
 * @returns the bytes of an encoded picture, or pixels `[height, width, 3]` uint8 RGB.
 * @throws {RunError} If the file holds nothing or ends before the image does, or is not base64 where it must be, or
 *   if its reader does not give it.
 */
export async function loadImage(image: ImageReference): Promise<Uint8Array | Pixels> {
  const { file, offset = 0, pixels, encoding } = image, bytes = await readBytes(image);
  if (bytes.length === 0) {
    throw new RunError(
      `The file "${file}" is empty${offset > 0 ? ` at byte ${offset}` : ""}, expected an image`,
    );
  }
  if (pixels) return { data: interleaved(bytes, pixels, file), width: pixels.width, height: pixels.height };
  return encoding === "base64" ? decodeBase64(bytes, image) : bytes;
}

async function readBytes(image: ImageReference): Promise<Uint8Array> {
  const { file, offset = 0, length, reader } = image;
  if (reader) return await readByReader(image, reader);
  if (length !== undefined) return readRange(openFile(file), offset, length, file);
  const bytes = await readRegular(file, MOST_BYTES, "an image");
  return offset === 0 ? bytes : bytes.subarray(offset);
}

/** Larger ones are no pictures that are decoded, and would take the memory before anybody sees it. */
const MOST_BYTES = 2 ** 31 - 1;

/** Synchronous where it is opened too: two tasks at once would open a file twice. */
function openFile(path: string): Deno.FsFile {
  const known = files.get(path);
  if (known) return known;
  if (files.size >= MAX_OPEN_FILES) {
    const [oldest, file] = files.entries().next().value!;
    file.close();
    files.delete(oldest);
  }
  const file = openRegularSync(path);
  files.set(path, file);
  return file;
}

/** Pixels as `[height, width, 3]`, whatever order they lie in. */
function interleaved(
  bytes: Uint8Array,
  { width, height, layout = "interleaved" }: RawPixels,
  file: string,
): Uint8Array {
  const plane = width * height, expected = layout === "gray" ? plane : 3 * plane;
  if (bytes.length !== expected) {
    throw new RunError(
      `"${file}" gives ${bytes.length} bytes for ${width} x ${height} pixels (${layout}), expected ${expected}`,
    );
  }
  if (layout === "interleaved") return bytes;
  const green = layout === "gray" ? 0 : plane, blue = 2 * green, result = new Uint8Array(3 * plane);
  for (let i = 0, at = 0; i < plane; i++) {
    result[at++] = bytes[i];
    result[at++] = bytes[green + i];
    result[at++] = bytes[blue + i];
  }
  return result;
}

/** Blanks within the text are refused: `fromBase64` would pass over a tab between two columns. */
function decodeBase64(bytes: Uint8Array, { file, offset = 0 }: ImageReference): Uint8Array {
  const text = new TextDecoder("latin1").decode(bytes).trimEnd();
  try {
    if (/\s/.test(text)) throw new SyntaxError("a blank within the text");
    return Uint8Array.fromBase64(text);
  } catch (error) {
    throw new RunError(
      `The text of "${file}" at byte ${offset} is not base64 of an image: ${(error as Error).message}`,
    );
  }
}
