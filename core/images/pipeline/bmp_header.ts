import { checkSize } from "./pixel_limit.ts";
import { UnsupportedPicture } from "./unsupported_picture.ts";

/** Of red, green and blue: the lowest bit, and how many there are. */
export type Packing = readonly [shift: number, size: number][];

/** What is before a BMP's pixels. */
export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  /** Rows begin with the uppermost. */
  readonly isTopDown: boolean;
  /** Of a pixel: 1, 4, 8, 16, 24 or 32. */
  readonly bits: number;
  /** Pixels are run-length encoded indices. */
  readonly isRle: boolean;
  /** Where pixels begin. */
  readonly start: number;
  /** `[256, 3]` RGB; of colours that the file leaves out, black. */
  readonly palette: Uint8Array;
  /** Null: pixels are indices. */
  readonly packing: Packing | null;
}

const CORE_HEADER = 12, INFO_HEADERS = [40, 52, 56, 64, 108, 124], FILE_HEADER = 14;
const RGB = 0, RLE8 = 1, RLE4 = 2, BITFIELDS = 3;
const COMPRESSIONS: Record<number, string> = { 4: "JPEG", 5: "PNG", 6: "bit fields with alpha" };
const MOST_COLORS = 256;

/** Without masks in the file. */
const PACKINGS: Record<number, Packing> = {
  16: [[10, 5], [5, 5], [0, 5]],
  24: [[16, 8], [8, 8], [0, 8]],
  32: [[16, 8], [8, 8], [0, 8]],
};

/** Red's, green's and blue's masks that PIL reads, in hex, with alpha's. All zero is what PIL takes for BGRA. */
const MASKS: Record<number, Record<string, Packing>> = {
  16: { "f800 7e0 1f": [[11, 5], [5, 6], [0, 5]], "7c00 3e0 1f": PACKINGS[16] },
  24: { "ff0000 ff00 ff": PACKINGS[24] },
  32: {
    "ff0000 ff00 ff 0": PACKINGS[32],
    "ff0000 ff00 ff ff000000": PACKINGS[32],
    "0 0 0 0": PACKINGS[32],
    "ff000000 ff0000 ff00 0": [[24, 8], [16, 8], [8, 8]],
    "ff000000 ff0000 ff00 ff": [[24, 8], [16, 8], [8, 8]],
    "ff000000 ff00 ff 0": [[24, 8], [8, 8], [0, 8]],
    "ff000000 ff00 ff ff0000": [[24, 8], [8, 8], [0, 8]],
    "ff ff00 ff0000 ff000000": [[0, 8], [8, 8], [16, 8]],
  },
};

/**
 * Reads it as PIL does.
 *
 * @throws {Error} If it is truncated or damaged, of a kind that is not read, or of too many pixels.
 */
export function readBmpHeader(bytes: Uint8Array): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < FILE_HEADER + 4) throw new Error(TRUNCATED);
  const size = view.getUint32(FILE_HEADER, true), isCore = size === CORE_HEADER;
  if (!isCore && !INFO_HEADERS.includes(size)) {
    throw new UnsupportedPicture(`a BMP with a header of ${size} bytes`);
  }
  const after = FILE_HEADER + size;
  if (bytes.length < after) throw new Error(TRUNCATED);
  const rows = isCore ? view.getUint16(20, true) : view.getInt32(22, true);
  const isTopDown = !isCore && bytes[25] === 0xff; // a negative height, of no more than 24 bits
  const width = isCore ? view.getUint16(18, true) : view.getUint32(18, true),
    height = isTopDown ? -rows : rows >>> 0;
  const bits = view.getUint16(isCore ? 24 : 28, true), compression = isCore ? RGB : view.getUint32(30, true);
  if (width === 0 || height === 0) throw new Error("The BMP is damaged: it has no pixels");
  checkSize(width, height);
  const isRle = compression === RLE8 || compression === RLE4;
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw new UnsupportedPicture(`a BMP of ${bits} bits a pixel`);
  if (!isRle && compression !== RGB && compression !== BITFIELDS) {
    throw new UnsupportedPicture(`a BMP of the compression ${COMPRESSIONS[compression] ?? compression}`);
  }
  if (isRle && bits !== (compression === RLE8 ? 8 : 4)) {
    throw new UnsupportedPicture(`a run-length encoded BMP of ${bits} bits a pixel`);
  }
  const masksEnd = compression === BITFIELDS && size === 40 ? after + 12 : after;
  const packing = compression === BITFIELDS ? maskedPacking(view, bits, masksEnd) : PACKINGS[bits] ?? null;
  const given = isCore ? 0 : view.getUint32(46, true), colors = given || 1 << bits, entry = isCore ? 3 : 4;
  if (!packing && colors > MOST_COLORS) {
    throw new UnsupportedPicture(`a BMP with a palette of ${colors} colours`);
  }
  const palette = packing
    ? new Uint8Array()
    : paletteOf(bytes.subarray(after, after + entry * colors), entry);
  const said = view.getUint32(10, true), tableEnd = packing ? masksEnd : after + entry * colors;
  // Some writers forget the palette.
  const start = said === 0 || !packing && said === after ? tableEnd : said;
  return { width, height, isTopDown, bits, isRle, start, palette, packing };
}

const TRUNCATED = "The BMP is truncated";

/** Masks are in the header, or after one of 40 bytes. */
function maskedPacking(view: DataView, bits: number, end: number): Packing {
  const at = FILE_HEADER + 40, count = bits === 32 ? 4 : 3;
  const masks = Array.from({ length: count }, (_, i) => {
    const isThere = i < 3 || end >= at + 16; // no alpha in the shorter headers
    if (isThere && at + 4 * i + 4 > view.byteLength) throw new Error(TRUNCATED);
    return isThere ? view.getUint32(at + 4 * i, true).toString(16) : "0";
  });
  const packing = MASKS[bits]?.[masks.join(" ")];
  if (!packing) {
    throw new UnsupportedPicture(`a BMP of ${bits} bits a pixel with the masks ${masks.join(", ")}`);
  }
  return packing;
}

/** Blue is the first of an entry. */
function paletteOf(table: Uint8Array, entry: number): Uint8Array {
  const palette = new Uint8Array(3 * 256);
  for (let i = 0; i < 256 && (i + 1) * entry <= table.length; i++) {
    for (let c = 0; c < 3; c++) palette[3 * i + c] = table[i * entry + 2 - c];
  }
  return palette;
}
