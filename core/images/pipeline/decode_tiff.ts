import type { Pixels } from "../../interfaces/augmenter.ts";
import { fromCmyk, fromGray16, fromRgb, open } from "./sharp_pixels.ts";
import { PHOTOMETRIC, readTiffHeader, SAMPLE_FORMAT, type TiffHeader } from "./tiff_header.ts";
import { UnsupportedPicture } from "./unsupported_picture.ts";
import { ycbcrByLibtiff, ycbcrByPil } from "./ycbcr.ts";

const GRAY_INVERTED = 0, GRAY = 1, RGB = 2, YCBCR = 6, SIGNED = 2, RAW = 1, OLD_JPEG = 6, JPEG = 7;

/** @throws {UnsupportedPicture} If its samples are of a kind that PIL does not read, or libvips would misread. */
export function checkTiff(bytes: Uint8Array): void {
  const header = readTiffHeader(bytes), kind = header && unread(header);
  if (kind) throw new UnsupportedPicture(kind);
}

/** Decodes the first picture of a TIFF that {@link checkTiff} has let through. Of TIFFs alone PIL minds the orientation. */
export async function decodeTiff(bytes: Uint8Array): Promise<Pixels> {
  const header = readTiffHeader(bytes);
  if (header && isPlainYcbcr(header)) return await fromYcbcr(header);
  const plain = header && asPlain(header) || bytes;
  const { space, hasAlpha, depth } = await open(plain).metadata(), picture = open(plain).autoOrient();
  if (space === "cmyk") return await fromCmyk(picture, depth === "ushort");
  return space === "grey16" && !hasAlpha ? await fromGray16(picture) : await fromRgb(picture);
}

/** JPEGs within TIFFs come as RGB. */
function isPlainYcbcr({ photometric, samples, compression }: TiffHeader): boolean {
  return photometric === YCBCR && samples === 3 && compression !== JPEG && compression !== OLD_JPEG;
}

/** libvips takes Y, Cb and Cr for red, green and blue if it is told so; PIL leaves the packed ones to libtiff. */
async function fromYcbcr(header: TiffHeader): Promise<Pixels> {
  const picture = await fromRgb(open(header.with(PHOTOMETRIC, RGB)).autoOrient());
  const convert = header.compression === RAW ? ycbcrByPil : ycbcrByLibtiff;
  convert(picture.data);
  return picture;
}

/** With a header by which libvips reads the samples as PIL does; null: it does by the file's. */
function asPlain(header: TiffHeader): Uint8Array | null {
  const { photometric, samples, sampleFormat, bits: [bits] } = header;
  if (samples !== 1) return null;
  // PIL takes signed bytes for unsigned ones, and does not invert 16 bits.
  if (photometric === GRAY && bits === 8 && sampleFormat === SIGNED) return header.with(SAMPLE_FORMAT, 1);
  return photometric === YCBCR || photometric === GRAY_INVERTED && bits === 16
    ? header.with(PHOTOMETRIC, GRAY)
    : null;
}

/** Of each colour model its name, and the bits of a sample that are read by the samples' format. */
const MODELS: Record<number, { name: string; bits: Record<number, readonly number[]> }> = {
  [GRAY_INVERTED]: { name: "gray", bits: { 1: [1, 2, 4, 8, 16], 3: [32] } },
  [GRAY]: { name: "gray", bits: { 1: [1, 2, 4, 8, 16, 32], 2: [8, 16, 32], 3: [32] } },
  [RGB]: { name: "RGB", bits: { 1: [8, 16] } },
  3: { name: "palette", bits: { 1: [1, 2, 4, 8] } },
  5: { name: "CMYK", bits: { 1: [8, 16] } },
  [YCBCR]: { name: "YCbCr", bits: { 1: [8] } },
};
const OTHER_MODELS: Record<number, string> = {
  ...{ 4: "a transparency mask", 8: "CIELAB", 9: "ICCLAB", 10: "ITULAB", 32803: "a colour filter array" },
  ...{ 32844: "LogL", 32845: "LogLuv", 34892: "linear raw" },
};
const FORMATS: Record<number, string> = {
  ...{ 1: "unsigned", 2: "signed", 3: "floating-point", 4: "undefined", 5: "complex integer", 6: "complex" },
};
const MOST_SAMPLES = 5;

/** What cannot be read of it, as a message names it; null: nothing. */
function unread(header: TiffHeader): string | null {
  const { photometric, bits, samples, sampleFormat, compression, subsampling, isUsualYcbcr } = header;
  const model = MODELS[photometric];
  if (!model) {
    return `a TIFF of ${OTHER_MODELS[photometric] ?? `the photometric interpretation ${photometric}`}`;
  }
  if (samples > MOST_SAMPLES) return `a TIFF of ${samples} samples a pixel`;
  const isRead = bits.every((count) => count === bits[0] && model.bits[sampleFormat]?.includes(count)) &&
    (samples === 1 || sampleFormat === 1);
  if (!isRead) {
    const format = FORMATS[sampleFormat] ?? `of the sample format ${sampleFormat}`;
    return `a TIFF of ${model.name} with ${format} samples of ${[...new Set(bits)].join(", ")} bits`;
  }
  if (!isPlainYcbcr(header)) return null;
  if (subsampling.some((pixels) => pixels !== 1)) {
    return `a TIFF of YCbCr with subsampled chroma (${subsampling.join(" x ")}) without JPEG compression`;
  }
  return isUsualYcbcr || compression === RAW ? null : "a TIFF of YCbCr with coefficients of its own";
}
