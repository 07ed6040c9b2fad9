import { decode, type ImageReference, type Pixels, RunError } from "@seed/core";
import sharp from "sharp";

/** Longest side of a thumbnail in pixels. */
const THUMBNAIL = 256;

/**
 * The picture that a reference leads to.
 *
 * @throws {RunError} If it cannot be read or decoded.
 */
export async function readPicture(
  { name, file, offset = 0, length, pixels }: ImageReference,
): Promise<Pixels> {
  try {
    const data = await readBytes(file, offset, length);
    return pixels ? { data, ...pixels } : await decode(data);
  } catch (error) {
    throw new RunError(`Cannot read the image "${name}": ${(error as Error).message}`, { cause: error });
  }
}

async function readBytes(file: string, offset: number, length: number | undefined): Promise<Uint8Array> {
  using opened = await Deno.open(file);
  const bytes = new Uint8Array(length ?? (await opened.stat()).size - offset);
  await opened.seek(offset, Deno.SeekMode.Start);
  for (let at = 0; at < bytes.length;) {
    const count = await opened.read(bytes.subarray(at));
    if (count === null) throw new Error(`The file "${file}" ends before byte ${offset + bytes.length}`);
    at += count;
  }
  return bytes;
}

/** Pixels as a PNG. */
export async function toPng({ data, width, height }: Pixels): Promise<Uint8Array> {
  return new Uint8Array(await sharp(data, { raw: { width, height, channels: 3 } }).png().toBuffer());
}

/** The picture as a PNG of at most {@link THUMBNAIL} pixels a side. */
export async function thumbnailOf({ data, width, height }: Pixels): Promise<Uint8Array> {
  const size = { width: THUMBNAIL, height: THUMBNAIL, fit: "inside", withoutEnlargement: true } as const;
  return new Uint8Array(
    await sharp(data, { raw: { width, height, channels: 3 } }).resize(size).png().toBuffer(),
  );
}
