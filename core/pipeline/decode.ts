import sharp from "sharp";
import type { Pixels } from "../augmenter.ts";

// One image at a time in each of several workers, nothing seen twice.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Decodes a picture: upright (EXIF), in sRGB, transparency on white.
 *
 * @throws {Error} If the bytes are not a picture.
 */
export async function decode(bytes: Uint8Array): Promise<Pixels> {
  const { data, info } = await sharp(bytes).rotate().flatten({ background: "#fff" }).toColourspace("srgb")
    .removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}
