import { type ImageReference, loadImage, type Pixels } from "@seed/core";
import { BrokenImageError, decode } from "@seed/core/host";
import sharp from "sharp";

/** Longest side of a thumbnail in pixels. */
const THUMBNAIL = 256;

/**
 * The picture that a reference leads to.
 *
 * @throws {BrokenImageError} If it cannot be read or decoded.
 */
export async function readPicture(image: ImageReference): Promise<Pixels> {
  try {
    const loaded = await loadImage(image);
    return loaded instanceof Uint8Array ? await decode(loaded) : loaded;
  } catch (error) {
    throw BrokenImageError.of(image, (error as Error).message);
  }
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
