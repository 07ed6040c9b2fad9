import { Arena, bytesAt, roundUp } from "../kernels/arena.ts";
import {
  extendRows,
  jpegColors,
  jpegGray,
  jpegQuarterColors,
  jpegWideColors,
  readJpegScan,
} from "../kernels/kernels.wasm";
import type { Window } from "../planes.ts";
import { type Rows, rowsOfBand } from "../rows.ts";
import { type BaselineJpeg, type Component, ZIGZAG } from "./read_header.ts";

/** A component's samples in the kernels' memory. */
interface Samples extends Component {
  readonly at: number;
  readonly stride: number;
}

/** Blocks of pixels that belong together, by their number: those that a window needs. */
interface Mcus {
  readonly width: number;
  readonly height: number;
  readonly firstColumn: number;
  readonly lastColumn: number;
  readonly firstRow: number;
  readonly lastRow: number;
}

/** So far beyond a pixel is the chroma that its own is interpolated with. */
const REACH = 3;

/**
 * Decodes a part of a JPEG, pixel for pixel as libjpeg does: with its accurate inverse DCT and interpolated chroma, as
 * PIL has it. What is below the window is not looked at.
 *
 * @returns null if the data is damaged.
 */
export function decodeWindow(jpeg: BaselineJpeg, window: Window): Rows | null {
  const arena = new Arena(), mcus = mcusOf(jpeg, window);
  const samples = jpeg.components.map((component): Samples => {
    const stride = 8 * component.wide * Math.ceil(jpeg.width / mcus.width) + 16;
    const rows = 8 * component.high * (mcus.lastRow + 1);
    return { ...component, stride, at: arena.take(stride * rows + 16) + 16 };
  });
  if (!readJpegScan(storeScan(arena, jpeg, samples, mcus))) return null;
  return new JpegRows(arena, jpeg, samples, window);
}

function mcusOf({ components, ...size }: BaselineJpeg, { left, top, width, height }: Window): Mcus {
  const mcu = { width: 8 * components[0].wide, height: 8 * components[0].high };
  const columns = Math.ceil(size.width / mcu.width), rows = Math.ceil(size.height / mcu.height);
  return {
    ...mcu,
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
    Math.ceil(jpeg.width / mcus.width),
    mcus.lastRow,
    mcus.firstRow,
    mcus.firstColumn,
    mcus.lastColumn,
  );
  words.push(store(ZIGZAG), arena.take(128));
  for (const { wide, high, at, stride, quantization, dc, ac } of samples) {
    const tables = [new Uint8Array(quantization.buffer), dc, ac].map(store);
    words.push(wide, high, at, stride, ...tables, 0);
  }
  return store(new Uint8Array(Int32Array.from(words).buffer));
}

/** The window's rows, which become RGB as they are needed. */
class JpegRows implements Rows {
  readonly width: number;
  readonly height: number;
  readonly rowBytes: number;
  /** The kernels take 16 columns at a time. */
  readonly #left: number;
  #band = 0;

  constructor(
    readonly arena: Arena,
    jpeg: BaselineJpeg,
    private readonly samples: readonly Samples[],
    window: Window,
  ) {
    this.width = jpeg.width;
    this.height = jpeg.height;
    this.#left = window.left & ~15;
    this.rowBytes = 3 * roundUp(window.left + window.width - this.#left);
    const [luma, ...chroma] = samples, last = Math.ceil(jpeg.height / luma.high) - 1;
    if (luma.wide === 1) return;
    const from = Math.max(0, Math.floor((window.top - 1) / luma.high));
    const to = Math.min(last, Math.floor((window.top + window.height) / luma.high));
    for (const { at, stride } of chroma) extendRows(at, stride, Math.ceil(jpeg.width / 2), from, to);
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
      const offset = this.#left / y.wide + (y.high === 2 ? 0 : top * cb.stride);
      const [u, v, stride] = [cb.at + offset, cr.at + offset, cb.stride];
      if (y.high === 2) {
        const rows = Math.ceil(this.height / 2);
        jpegQuarterColors(luma, y.stride, u, v, stride, rows, top, width, count, band, rowBytes);
      } else if (y.wide === 2) {
        jpegWideColors(luma, y.stride, u, v, stride, width, count, band, rowBytes);
      } else jpegColors(luma, y.stride, u, v, stride, width, count, band, rowBytes);
    }
    return band - 3 * this.#left;
  }
}
