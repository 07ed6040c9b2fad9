import { Arena, bytesAt, roundUp } from "../kernels/arena.ts";
import {
  extendRows,
  jpegColors,
  jpegGray,
  jpegQuarterColors,
  jpegWideColors,
  readJpegScan,
} from "../kernels/kernels.wasm";
import type { Size, Window } from "../planes.ts";
import { reduceSize, type Reduction } from "../reduction.ts";
import { type Rows, rowsOfBand } from "../rows.ts";
import { type BaselineJpeg, type Component, ZIGZAG } from "./read_header.ts";

/** Larger ones are rare, and would take much memory in every worker. */
const MAX_PIXELS = 1 << 22;

/** A component's samples in the kernels' memory. */
interface Samples extends Component {
  /** Of a block: 8, or fewer in a picture that is reduced. */
  readonly side: number;
  readonly at: number;
  readonly stride: number;
}

/** Blocks of pixels that belong together, by their number: those that a window needs. */
interface Mcus {
  /** Of the whole picture. */
  readonly columns: number;
  readonly firstColumn: number;
  readonly lastColumn: number;
  readonly firstRow: number;
  readonly lastRow: number;
}

/** So far beyond a pixel is the chroma that its own is interpolated with. */
const REACH = 3;

/**
 * Decodes a part of a JPEG, pixel for pixel as libjpeg does: with its accurate inverse DCT and interpolated chroma, as
 * PIL has it; reduced, as PIL has it after `Image.draft`. What is below the window is not looked at.
 *
 * @param window In pixels of the picture reduced.
 * @returns null if the data is damaged, or more than 4 million pixels are left of the picture.
 */
export function decodeWindow(jpeg: BaselineJpeg, window: Window, reduction: Reduction): Rows | null {
  const size = reduceSize(jpeg, reduction);
  if (size.width * size.height > MAX_PIXELS) return null;
  const arena = new Arena(), mcus = mcusOf(jpeg, window, 8 / reduction);
  const samples = jpeg.components.map((component): Samples => {
    const side = sideOf(component, jpeg, reduction), stride = side * component.wide * mcus.columns + 16;
    const rows = side * component.high * (mcus.lastRow + 1);
    return { ...component, side, stride, at: arena.take(stride * rows + 16) + 16 };
  });
  if (!readJpegScan(storeScan(arena, jpeg, samples, mcus))) return null;
  return new JpegRows(arena, { ...size, reduction }, samples, window);
}

/** Where all has to shrink, chroma of which there is less in both directions shrinks less, as libjpeg-turbo has it. */
function sideOf({ wide, high }: Component, { components: [luma] }: BaselineJpeg, by: Reduction): number {
  const isSparse = by > 1 && luma.wide > wide && luma.high > high;
  return (isSparse ? 16 : 8) / by;
}

/** @param side Of a block of luma. */
function mcusOf({ components: [luma], ...size }: BaselineJpeg, window: Window, side: number): Mcus {
  const { left, top, width, height } = window, mcu = { width: side * luma.wide, height: side * luma.high };
  const columns = Math.ceil(size.width / (8 * luma.wide)), rows = Math.ceil(size.height / (8 * luma.high));
  return {
    columns,
    firstColumn: Math.max(0, Math.floor((left - REACH) / mcu.width)),
    lastColumn: Math.min(columns - 1, Math.floor((left + width + REACH) / mcu.width)),
    firstRow: Math.max(0, Math.floor((top - REACH) / mcu.height)),
    lastRow: Math.min(rows - 1, Math.floor((top + height + REACH) / mcu.height)),
  };
}

/** Copies a scan and its tables to where the kernels find them; see `kernels/assembly/jpeg_scan.ts`. */
function storeScan(arena: Arena, jpeg: BaselineJpeg, samples: readonly Samples[], mcus: Mcus): number {
  const store = (bytes: Uint8Array) => {
    const at = arena.take(bytes.length);
    bytesAt(at, bytes.length).set(bytes);
    return at;
  };
  const data = store(jpeg.data);
  const words = [data, data + jpeg.data.length, samples.length, jpeg.restartInterval];
  words.push(
    mcus.columns,
    mcus.lastRow,
    mcus.firstRow,
    mcus.firstColumn,
    mcus.lastColumn,
  );
  words.push(store(ZIGZAG), arena.take(128));
  for (const { wide, high, at, stride, quantization, dc, ac, side } of samples) {
    const tables = [new Uint8Array(quantization.buffer), dc, ac].map(store);
    words.push(wide, high, at, stride, ...tables, 0, side);
  }
  return store(new Uint8Array(Int32Array.from(words).buffer));
}

/** The window's rows, which become RGB as they are needed. */
class JpegRows implements Rows {
  readonly width: number;
  readonly height: number;
  readonly reduction: Reduction;
  readonly rowBytes: number;
  /** Columns and rows of luma to one of chroma. */
  readonly #wide: number;
  readonly #high: number;
  /** The kernels take 16 columns at a time. */
  readonly #left: number;
  #band = 0;

  constructor(
    readonly arena: Arena,
    { width, height, reduction }: Size & { reduction: Reduction },
    private readonly samples: readonly Samples[],
    window: Window,
  ) {
    this.width = width;
    this.height = height;
    this.reduction = reduction;
    this.#left = window.left & ~15;
    this.rowBytes = 3 * roundUp(window.left + window.width - this.#left);
    const [luma, ...chroma] = samples, share = luma.side / (chroma[0] ?? luma).side;
    this.#wide = luma.wide * share;
    this.#high = luma.high * share;
    if (this.#wide === 1) return;
    const last = Math.ceil(height / this.#high) - 1;
    const from = Math.max(0, Math.floor((window.top - 1) / this.#high));
    const to = Math.min(last, Math.floor((window.top + window.height) / this.#high));
    for (const { at, stride } of chroma) extendRows(at, stride, Math.ceil(width / 2), from, to);
  }

  reserve(least: number): number {
    const count = rowsOfBand(this, least);
    this.#band = this.arena.take((count + 1) * this.rowBytes);
    return count;
  }

  load(top: number, count: number): number {
    const { rowBytes, samples: [y, cb, cr] } = this, band = this.#band, width = rowBytes / 3;
    const luma = y.at + top * y.stride + this.#left;
    if (!cb) jpegGray(luma, y.stride, width, count, band, rowBytes);
    else {
      // The first row of chroma is at hand where rows are interpolated, else the first that is wanted.
      const offset = this.#left / this.#wide + (this.#high === 2 ? 0 : top * cb.stride);
      const [u, v, stride] = [cb.at + offset, cr.at + offset, cb.stride];
      if (this.#high === 2) {
        const rows = Math.ceil(this.height / 2);
        jpegQuarterColors(luma, y.stride, u, v, stride, rows, top, width, count, band, rowBytes);
      } else if (this.#wide === 2) {
        jpegWideColors(luma, y.stride, u, v, stride, width, count, band, rowBytes);
      } else jpegColors(luma, y.stride, u, v, stride, width, count, band, rowBytes);
    }
    return band - 3 * this.#left;
  }
}
