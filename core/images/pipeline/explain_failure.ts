import sharp from "sharp";
import { frameOf, type PictureFormat } from "./picture_header.ts";
import { checkSize, OversizedPicture } from "./pixel_limit.ts";
import { DECODE_SECONDS } from "./sharp_pixels.ts";
import { readTiffHeader } from "./tiff_header.ts";
import { UnsupportedPicture } from "./unsupported_picture.ts";

/** What libvips calls its decoders, by format: all threads of the process share the place for its messages. */
const DECODERS: Record<string, RegExp> = {
  ...{ jpeg: /jpeg/i, png: /png/i, webp: /webp/i, tiff: /tiff|zip|packbits|lzw/i, avif: /heif|avif/i },
};

/** Whether libvips has stopped since it took too long. */
export function isTimeout(error: Error): boolean {
  return /^timeout: \d+% complete/m.test(error.message);
}

/**
 * Says what is wrong with a picture that libvips does not decode.
 *
 * @param error libvips's; ours are handed on.
 */
export async function explain(bytes: Uint8Array, format: PictureFormat, error: Error): Promise<Error> {
  if (error instanceof UnsupportedPicture || error instanceof OversizedPicture) return error;
  if (error.message.includes("exceeds pixel limit")) {
    const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
    try {
      checkSize(width, height);
    } catch (tooLarge) {
      return tooLarge as Error;
    }
  }
  if (isTimeout(error)) {
    return new Error(`The picture takes more than ${DECODE_SECONDS} s to decode; take it out`);
  }
  const kind = unreadKind(bytes, format);
  if (kind) return new UnsupportedPicture(kind);
  const reason = error.message.trim().split("\n")[0];
  const isOthers = Object.entries(DECODERS).some(([name, words]) => name !== format && words.test(reason));
  const isKnown = reason && reason !== "Unknown error" && (!isOthers || DECODERS[format]?.test(reason));
  return new Error(`The picture is truncated or damaged${isKnown ? `: ${reason}` : ""}`);
}

/** By its header, what libvips cannot decode though it may be whole, as a message names it; null: nothing is known. */
function unreadKind(bytes: Uint8Array, format: PictureFormat): string | null {
  if (format === "jpeg") return unreadJpeg(bytes);
  if (format === "tiff") {
    const name = UNREAD_COMPRESSIONS[readTiffHeader(bytes)?.compression ?? 0];
    return name ? `a TIFF compressed by ${name}` : null;
  }
  return format === "avif" ? unreadAvif(bytes) : null;
}

const UNREAD_COMPRESSIONS: Record<number, string> = {
  ...{
    6: "JPEG of the old kind",
    32809: "ThunderScan",
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34676: "SGI Log",
  },
  ...{ 34677: "SGI Log", 34712: "JPEG 2000", 34887: "LERC", 34925: "LZMA", 34892: "lossy JPEG of DNG" },
  ...{ 50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL" },
};

/** Starts of frames other than baseline, extended and progressive ones, and their arithmetic kin (ITU T.81, B.1.1.3). */
const JPEG_KINDS: Record<number, string> = {
  ...{ 0xc3: "lossless", 0xc5: "hierarchical", 0xc6: "hierarchical", 0xc7: "hierarchical" },
  ...{ 0xcb: "lossless", 0xcd: "hierarchical", 0xce: "hierarchical", 0xcf: "hierarchical", 0xf7: "JPEG-LS" },
};

function unreadJpeg(bytes: Uint8Array): string | null {
  const frame = frameOf(bytes);
  if (!frame) return null;
  const kind = JPEG_KINDS[frame.marker];
  if (kind) return `a JPEG of the ${kind} kind`;
  if (frame.precision !== 8) return `a JPEG of ${frame.precision} bits a sample`;
  return [1, 3, 4].includes(frame.components) ? null : `a JPEG of ${frame.components} components`;
}

/** What is coded in other ways is in the same container (ISO 23008-12). */
function unreadAvif(bytes: Uint8Array): string | null {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 4096));
  if (head.slice(8, 12) === "avis") return "an animated AVIF";
  return /hvc1|hev1|heic|heix/.test(head) && !head.includes("av01") ? "a HEIC (HEVC in HEIF)" : null;
}
