import sharp, { type Sharp } from "sharp";
import type { Pixels } from "../../interfaces/augmenter.ts";
import { cmykToRgb } from "./cmyk.ts";
import { decodeGif } from "./decode_gif.ts";
import { componentsOf, formatOf, isGray16Png, type PictureFormat, transformsOf } from "./picture_header.ts";
import { checkSize, MOST_PIXELS } from "./pixel_limit.ts";

// One image at a time in each of several workers, nothing seen twice.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Decodes a picture to what torchvision's `ImageFolder` gives, PIL's `Image.open(file).convert("RGB")`: the first
 * frame, as the file stores it (EXIF turns nothing), without alpha, colour profiles passed over.
 *
 * @param bytes JPEG, PNG, GIF, WebP, TIFF or AVIF.
 * @throws {Error} If the bytes are no such picture, truncated or damaged, or of more than 178,956,970 pixels.
 */
export async function decode(bytes: Uint8Array): Promise<Pixels> {
  const format = formatOf(bytes);
  if (format === "gif") return decodeGif(bytes);
  try {
    return await DECODERS[format](bytes);
  } catch (error) {
    throw await explain(bytes, error as Error);
  }
}

const DECODERS: Record<Exclude<PictureFormat, "gif">, (bytes: Uint8Array) => Promise<Pixels>> = {
  jpeg: (bytes) => componentsOf(bytes) === 4 ? fromCmyk(open(bytes)) : fromRgb(open(bytes)),
  png: (bytes) => isGray16Png(bytes) ? fromGray16(open(bytes)) : fromRgb(open(bytes)),
  webp: (bytes) => fromRgb(open(bytes)),
  tiff: fromTiff,
  avif: fromAvif,
};

/** Like PIL, libvips stops at what is missing or broken, but not at what libjpeg merely warns of. */
function open(bytes: Uint8Array): Sharp {
  return sharp(bytes, { failOn: "error", limitInputPixels: MOST_PIXELS, ignoreIcc: true });
}

/** Gray is repeated, palettes are looked up, and of 16 bits the upper 8 are kept. */
async function fromRgb(picture: Sharp): Promise<Pixels> {
  const { data, info } = await picture.toColourspace("srgb").removeAlpha().raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

async function fromCmyk(picture: Sharp): Promise<Pixels> {
  const { data, info } = await picture.pipelineColourspace("cmyk").toColourspace("cmyk").raw()
    .toBuffer({ resolveWithObject: true });
  return { data: cmykToRgb(data, info.channels), width: info.width, height: info.height };
}

/** PIL does not scale 16 bits of gray: what is over 255 is white. */
async function fromGray16(picture: Sharp): Promise<Pixels> {
  const { data, info } = await picture.toColourspace("grey16").removeAlpha().raw({ depth: "ushort" })
    .toBuffer({ resolveWithObject: true });
  const pixels = new Uint8Array(3 * data.length / 2);
  for (let i = 0, at = 0; i < data.length; i += 2) {
    const gray = data[i + 1] ? 255 : data[i]; // upper byte, lower byte
    pixels[at++] = pixels[at++] = pixels[at++] = gray;
  }
  return { data: pixels, width: info.width, height: info.height };
}

/** Of a TIFF alone PIL minds the orientation. */
async function fromTiff(bytes: Uint8Array): Promise<Pixels> {
  const { space, hasAlpha } = await open(bytes).metadata(), picture = open(bytes).autoOrient();
  if (space === "cmyk") return await fromCmyk(picture);
  return space === "grey16" && !hasAlpha ? await fromGray16(picture) : await fromRgb(picture);
}

/** libvips shows an AVIF as it wants to be shown; PIL, as it is stored. */
async function fromAvif(bytes: Uint8Array): Promise<Pixels> {
  const { turns, mirror } = transformsOf(bytes);
  const picture = open(bytes).flip(mirror === "top and bottom").flop(mirror === "left and right");
  return await fromRgb(turns ? picture.rotate(90 * turns) : picture);
}

async function explain(bytes: Uint8Array, error: Error): Promise<Error> {
  if (error.message.includes("exceeds pixel limit")) {
    const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
    checkSize(width, height);
  }
  return new Error(`The picture is truncated or damaged: ${error.message.trim().split("\n")[0]}`);
}
