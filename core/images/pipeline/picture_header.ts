import { foreignKindOf } from "./foreign_picture.ts";

/** Formats that are decoded: what PIL reads of those that libvips reads, and simple ones. */
export type PictureFormat = "jpeg" | "png" | "gif" | "webp" | "tiff" | "avif" | "bmp" | "pnm";

/** Where a format's files have which bytes. */
const SIGNATURES: readonly [PictureFormat, at: number, bytes: string][] = [
  ["jpeg", 0, "\xff\xd8\xff"],
  ["png", 0, "\x89PNG\r\n\x1a\n"],
  ["webp", 8, "WEBP"],
  ["gif", 0, "GIF87a"],
  ["gif", 0, "GIF89a"],
  ["tiff", 0, "II*\0"],
  ["tiff", 0, "MM\0*"],
  ["tiff", 0, "II+\0"],
  ["tiff", 0, "MM\0+"],
  ["avif", 4, "ftypavif"],
  ["avif", 4, "ftypavis"],
  ["avif", 4, "ftypmif1"],
];

/**
 * Tells a picture's format by its first bytes, whatever the file's name.
 *
 * @throws {Error} If it is none that is decoded.
 */
export function formatOf(bytes: Uint8Array): PictureFormat {
  const found = SIGNATURES.find(([, at, signature]) =>
    Array.from(signature).every((letter, i) => bytes[at + i] === letter.charCodeAt(0))
  );
  if (found) return found[0];
  if (isBmp(bytes)) return "bmp";
  if (isPnm(bytes)) return "pnm";
  if (bytes.length === 0) throw new Error("The file is empty; take it out, or fetch it again");
  const formats = [...new Set(SIGNATURES.map(([format]) => format)), "bmp", "pnm"].join(", ").toUpperCase();
  const kind = foreignKindOf(bytes);
  throw new Error(
    `The bytes are ${
      kind ? `${kind}, ` : ""
    }no picture that is decoded (${formats}); take the file out, or convert it`,
  );
}

/** "BM", and a header of less than 256 bytes: other files begin with the two letters too. */
function isBmp(bytes: Uint8Array): boolean {
  return bytes[0] === 0x42 && bytes[1] === 0x4d && bytes[14] >= 12 && !bytes[15] && !bytes[16] &&
    !bytes[17] &&
    bytes.length >= 18;
}

/** P1 to P6, and a blank. */
function isPnm(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] >= 0x31 && bytes[1] <= 0x36 &&
    (bytes[2] === 32 || bytes[2] >= 9 && bytes[2] <= 13);
}

/** What the start of a JPEG's frame says. */
export interface JpegFrame {
  /** Its kind: 0xc0 is baseline. */
  readonly marker: number;
  /** Bits of a sample. */
  readonly precision: number;
  /** Colour components. */
  readonly components: number;
}

/**
 * The start of a JPEG's frame (ITU T.81, B.1.1 and B.2.2); null: there is none before the end.
 *
 * Bytes that belong to no marker are passed over, as libjpeg passes over them.
 */
export function frameOf(jpeg: Uint8Array): JpegFrame | null {
  for (let at = 2; at + 9 < jpeg.length;) {
    const marker = jpeg[at + 1];
    if (jpeg[at] !== 0xff || marker === 0xff || marker === 0) at++;
    else if (isStartOfFrame(marker)) return { marker, precision: jpeg[at + 4], components: jpeg[at + 9] };
    else at += 2 + (isAlone(marker) ? 0 : jpeg[at + 2] << 8 | jpeg[at + 3]);
  }
  return null;
}

/** SOF0 to SOF15, of which three are DHT, JPG and DAC, and that of JPEG-LS. */
function isStartOfFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker) || marker === 0xf7;
}

/** Whether a marker has no segment: TEM, RST0 to RST7, SOI. */
function isAlone(marker: number): boolean {
  return marker === 1 || marker >= 0xd0 && marker <= 0xd8;
}

/** Whether a PNG has 16 bits of gray alone: bit depth and colour type of its IHDR. */
export function isGray16Png(png: Uint8Array): boolean {
  return png[24] === 16 && png[25] === 0;
}

/** How an AVIF wants to be shown: first turned, then mirrored (ISO 23008-12, 6.5.10 and 6.5.12). */
export interface AvifTransforms {
  /** Quarter turns against the clock. */
  turns: number;
  mirror: "top and bottom" | "left and right" | null;
}

/** Reads them from the properties of an AVIF's items. */
export function transformsOf(avif: Uint8Array): AvifTransforms {
  const properties = ["meta", "iprp", "ipco"].reduce((boxes, type) => {
    const box = boxes.find((one) => one.type === type);
    return box ? boxesIn(type === "meta" ? box.content.subarray(4) : box.content) : [];
  }, boxesIn(avif));
  const valueOf = (type: string) => properties.find((box) => box.type === type)?.content[0] ?? null;
  const axis = valueOf("imir");
  return {
    turns: (valueOf("irot") ?? 0) & 3,
    mirror: axis === null ? null : axis & 1 ? "left and right" : "top and bottom",
  };
}

/** Boxes one after the other (ISO 14496-12, 4.2); what ends after the bytes is left out. */
function boxesIn(bytes: Uint8Array): { type: string; content: Uint8Array }[] {
  const boxes = [], view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 8 <= bytes.length;) {
    const short = view.getUint32(at), long = short === 1 && at + 16 <= bytes.length;
    const size = short === 0 ? bytes.length - at : long ? Number(view.getBigUint64(at + 8)) : short;
    if (size < 8 || at + size > bytes.length) break;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    boxes.push({ type, content: bytes.subarray(at + (long ? 16 : 8), at + size) });
    at += size;
  }
  return boxes;
}
