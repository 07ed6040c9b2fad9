import { MOST_PIXELS } from "../pixel_limit.ts";
import type { Size } from "../planes.ts";
import { huffmanTable } from "./huffman_table.ts";

/** A component of a JPEG: luma, or one of the two of chroma. */
export interface Component {
  readonly id: number;
  /** Blocks of an MCU beside and above each other. */
  readonly wide: number;
  readonly high: number;
  /** Its quantization table, 64 int16 in rows. */
  readonly quantization: Int16Array;
  /** Its Huffman tables, as the kernels want them. */
  readonly dc: Uint8Array;
  readonly ac: Uint8Array;
}

/** A JPEG of the kind that cameras and converters write. */
export interface BaselineJpeg extends Size {
  /** One: gray; three: YCbCr. */
  readonly components: readonly Component[];
  /** MCUs between restart markers; 0: there are none. */
  readonly restartInterval: number;
  /** The entropy-coded data, up to the end of the file. */
  readonly data: Uint8Array;
}

/** Where a coefficient is in its block, by its place in the zigzag; some beyond, as the kernels want them. */
export const ZIGZAG: Uint8Array = zigzag();

/** From libjpeg's point of view those below are too small for its interpolation of chroma. */
const MIN_SIDE = 8;

const SOF0 = 0xc0, SOF1 = 0xc1, DHT = 0xc4, SOS = 0xda, DQT = 0xdb, DRI = 0xdd, APP14 = 0xee;

/**
 * Reads the header of a JPEG that the kernels can decode: baseline, one scan, gray or YCbCr with all, half or a
 * quarter of the chroma.
 *
 * @returns null if it is none, or in any way unusual: the general decoder will know.
 */
export function readJpegHeader(bytes: Uint8Array): BaselineJpeg | null {
  const length = bytes.length, isWhole = bytes[length - 2] === 0xff && bytes[length - 1] === 0xd9;
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8 || !isWhole) return null;
  const header = new Header();
  for (let at = 2; at + 4 <= length;) {
    const marker = bytes[at + 1], end = at + 2 + (bytes[at + 2] << 8) + bytes[at + 3];
    if (bytes[at] !== 0xff || end > length) return null;
    const segment = bytes.subarray(at + 4, end);
    if (marker === SOS) return header.finish(segment, bytes.subarray(end));
    if (!header.read(marker, segment)) return null;
    at = end;
  }
  return null;
}

interface FrameComponent {
  id: number;
  wide: number;
  high: number;
  quantization: number;
}

/** What the segments before the scan say. */
class Header {
  #size: Size | null = null;
  #components: FrameComponent[] = [];
  #restartInterval = 0;
  readonly #quantization = new Map<number, Int16Array>();
  /** By class (0: DC, 16: AC) and number. */
  readonly #huffman = new Map<number, Uint8Array>();

  /** @returns false if a segment says something that the kernels do not know. */
  read(marker: number, segment: Uint8Array): boolean {
    if (marker === DQT) return this.#readQuantization(segment);
    if (marker === DHT) return this.#readHuffman(segment);
    if (marker === SOF0 || marker === SOF1) return this.#readFrame(segment);
    if (marker === DRI) this.#restartInterval = (segment[0] << 8) | segment[1];
    if (marker === APP14) return !isAdobeRgb(segment);
    const isApplication = marker >= 0xe0 && marker <= 0xef, isComment = marker === 0xfe;
    return marker === DRI || isApplication || isComment;
  }

  #readQuantization(segment: Uint8Array): boolean {
    for (let at = 0; at < segment.length; at += 65) {
      // Of 8 bits each; 16 bits are rare.
      if (segment[at] > 3 || at + 65 > segment.length) return false;
      const table = new Int16Array(64);
      for (let i = 0; i < 64; i++) table[ZIGZAG[i]] = segment[at + 1 + i];
      this.#quantization.set(segment[at], table);
    }
    return true;
  }

  #readHuffman(segment: Uint8Array): boolean {
    for (let at = 0; at < segment.length;) {
      const counts = segment.subarray(at + 1, at + 17), total = counts.reduce((a, b) => a + b, 0);
      const end = at + 17 + total;
      if (total > 256 || end > segment.length) return false;
      const table = huffmanTable(counts, segment.subarray(at + 17, end));
      if (!table) return false;
      this.#huffman.set(segment[at], table);
      at = end;
    }
    return true;
  }

  #readFrame(segment: Uint8Array): boolean {
    const count = segment[5];
    if (this.#size || segment[0] !== 8 || segment.length !== 6 + 3 * count) return false;
    this.#size = { height: (segment[1] << 8) | segment[2], width: (segment[3] << 8) | segment[4] };
    this.#components = Array.from({ length: count }, (_, i) => {
      const [id, sampling, quantization] = segment.subarray(6 + 3 * i);
      return { id, wide: sampling >> 4, high: sampling & 15, quantization };
    });
    return true;
  }

  /** The header with the tables that its scan names. */
  finish(scan: Uint8Array, data: Uint8Array): BaselineJpeg | null {
    const size = this.#size, count = this.#components.length;
    if (!size || size.width * size.height > MOST_PIXELS || Math.min(size.width, size.height) < MIN_SIDE) {
      return null;
    }
    const [selection, approximation] = [scan.subarray(1 + 2 * count, 3 + 2 * count), scan[3 + 2 * count]];
    const isWhole = scan[0] === count && scan.length === 4 + 2 * count && selection[0] === 0 &&
      selection[1] === 63 && approximation === 0;
    if (!isWhole || !isKnownSampling(this.#components)) return null;
    const components = this.#components.flatMap((component, i) => {
      const tables = scan[2 + 2 * i], quantization = this.#quantization.get(component.quantization);
      const dc = this.#huffman.get(tables >> 4), ac = this.#huffman.get(16 + (tables & 15));
      if (scan[1 + 2 * i] !== component.id || !quantization || !dc || !ac) return [];
      // A scan of one component has an MCU of one block.
      const sampling = count === 1 ? { wide: 1, high: 1 } : {};
      return [{ ...component, ...sampling, quantization, dc, ac }];
    });
    if (components.length !== count) return null;
    return { ...size, components, restartInterval: this.#restartInterval, data };
  }
}

/** Gray, or YCbCr of 4:4:4, 4:2:2 or 4:2:0; not RGB, which says so by its components' names. */
function isKnownSampling(components: readonly FrameComponent[]): boolean {
  if (components.length === 1) return true;
  if (components.length !== 3) return false;
  const [y, cb, cr] = components, samplings = ["1 1", "2 1", "2 2"];
  const isRgb = String.fromCharCode(y.id, cb.id, cr.id) === "RGB";
  const isPlain = [cb, cr].every(({ wide, high }) => wide === 1 && high === 1);
  return !isRgb && isPlain && samplings.includes(`${y.wide} ${y.high}`);
}

/** Adobe's marker, with a transform other than YCbCr. */
function isAdobeRgb(segment: Uint8Array): boolean {
  return String.fromCharCode(...segment.subarray(0, 5)) === "Adobe" && segment[11] !== 1;
}

function zigzag(): Uint8Array {
  const order = new Uint8Array(80).fill(63);
  let x = 0, y = 0;
  for (let i = 0; i < 64; i++) {
    order[i] = 8 * y + x;
    if ((x + y) % 2 === 0) {
      if (x === 7) y++;
      else if (y === 0) x++;
      else [x, y] = [x + 1, y - 1];
    } else {
      if (y === 7) x++;
      else if (x === 0) y++;
      else [x, y] = [x - 1, y + 1];
    }
  }
  return order;
}
