import type { Pixels } from "../../interfaces/augmenter.ts";
import { decodeBmp } from "./decode_bmp.ts";
import { decodeGif } from "./decode_gif.ts";
import { decodePnm } from "./decode_pnm.ts";
import { checkTiff, decodeTiff } from "./decode_tiff.ts";
import { explain, isTimeout } from "./explain_failure.ts";
import { formatOf, frameOf, isGray16Png, type PictureFormat, transformsOf } from "./picture_header.ts";
import { checkSize } from "./pixel_limit.ts";
import { fromCmyk, fromGray16, fromRgb, open } from "./sharp_pixels.ts";

/**
 * Decodes a picture to what torchvision's `ImageFolder` gives, PIL's `Image.open(file).convert("RGB")`: the first
 * frame, as the file stores it (EXIF turns nothing), without alpha, colour profiles passed over.
 *
 * @param bytes JPEG, PNG, GIF, WebP, TIFF, AVIF, BMP or PNM.
 * @throws {Error} If the bytes are no such picture, truncated or damaged, of a kind that is not read, of more than
 *   178,956,970 pixels, or with a side of more than 1,048,576.
 */
export async function decode(bytes: Uint8Array): Promise<Pixels> {
  const format = formatOf(bytes);
  if (format === "gif") return decodeGif(bytes);
  if (format === "bmp") return decodeBmp(bytes);
  if (format === "pnm") return decodePnm(bytes);
  try {
    if (format === "tiff") checkTiff(bytes); // libvips would only say that something is wrong
    const { width, height } = await open(bytes).metadata();
    checkSize(width, height);
    return await again(() => DECODERS[format](bytes));
  } catch (error) {
    throw await explain(bytes, format, error as Error);
  }
}

/** Twice if it was too slow: the process may have been stopped for a while (Ctrl-Z). */
async function again(decodeOnce: () => Promise<Pixels>): Promise<Pixels> {
  try {
    return await decodeOnce();
  } catch (error) {
    if (!isTimeout(error as Error)) throw error;
    return await decodeOnce();
  }
}

const DECODERS: Record<
  Exclude<PictureFormat, "gif" | "bmp" | "pnm">,
  (bytes: Uint8Array) => Promise<Pixels>
> = {
  jpeg: (bytes) => frameOf(bytes)?.components === 4 ? fromCmyk(open(bytes)) : fromRgb(open(bytes)),
  png: (bytes) => isGray16Png(bytes) ? fromGray16(open(bytes)) : fromRgb(open(bytes)),
  webp: (bytes) => fromRgb(open(bytes)),
  tiff: decodeTiff,
  avif: fromAvif,
};

/** libvips shows an AVIF as it wants to be shown; PIL, as it is stored. */
async function fromAvif(bytes: Uint8Array): Promise<Pixels> {
  const { turns, mirror } = transformsOf(bytes);
  const picture = open(bytes).flip(mirror === "top and bottom").flop(mirror === "left and right");
  return await fromRgb(turns ? picture.rotate(90 * turns) : picture);
}
