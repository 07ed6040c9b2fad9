/**
 * What libvips reads, as PIL's `convert("RGB")` gives it.
 *
 * @module
 */
import sharp, { type Sharp } from "sharp";
import type { Pixels } from "../../interfaces/augmenter.ts";
import { cmykToRgb } from "./cmyk.ts";
import { MOST_PIXELS } from "./pixel_limit.ts";

// One image at a time in each of several workers, nothing seen twice.
sharp.concurrency(1);
sharp.cache(false);

/** A picture that takes longer than this is not decoded: none within the limits of size does, on a busy machine either. */
export const DECODE_SECONDS = 60;

/** Like PIL, libvips stops at what is missing or broken, but not at what libjpeg merely warns of. */
export function open(bytes: Uint8Array): Sharp {
  return sharp(bytes, { failOn: "error", limitInputPixels: MOST_PIXELS, ignoreIcc: true })
    .timeout({ seconds: DECODE_SECONDS });
}

/** Gray is repeated, palettes are looked up, and of 16 bits the upper 8 are kept. */
export async function fromRgb(picture: Sharp): Promise<Pixels> {
  const { data, info } = await picture.toColourspace("srgb").removeAlpha().raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** @param isDeep The inks have 16 bits, of which PIL keeps the upper 8. */
export async function fromCmyk(picture: Sharp, isDeep = false): Promise<Pixels> {
  const { data, info } = await picture.pipelineColourspace("cmyk").toColourspace("cmyk")
    .raw({ depth: isDeep ? "ushort" : "uchar" }).toBuffer({ resolveWithObject: true });
  const inks = isDeep ? Uint8Array.from({ length: data.length / 2 }, (_, i) => data[2 * i + 1]) : data;
  return { data: cmykToRgb(inks, info.channels), width: info.width, height: info.height };
}

/** PIL does not scale 16 bits of gray: what is over 255 is white. */
export async function fromGray16(picture: Sharp): Promise<Pixels> {
  const { data, info } = await picture.toColourspace("grey16").removeAlpha().raw({ depth: "ushort" })
    .toBuffer({ resolveWithObject: true });
  const pixels = new Uint8Array(3 * data.length / 2);
  for (let i = 0, at = 0; i < data.length; i += 2) {
    const gray = data[i + 1] ? 255 : data[i]; // upper byte, lower byte
    pixels[at++] = pixels[at++] = pixels[at++] = gray;
  }
  return { data: pixels, width: info.width, height: info.height };
}
