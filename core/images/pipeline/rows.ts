import type { Pixels } from "../../interfaces/augmenter.ts";
import { Arena, bytesAt } from "./kernels/arena.ts";
import type { Reduction } from "./reduction.ts";

/** A picture, or a part of one, whose rows the kernels can be given. */
export interface Rows {
  readonly arena: Arena;
  /** By how much the picture's sides are shortened. */
  readonly reduction: Reduction;
  /** Of the whole picture, in pixels that are left. */
  readonly width: number;
  readonly height: number;
  /** Bytes from a row to the next, in the kernels' memory. */
  readonly rowBytes: number;
  /** Makes room for some rows at once, `least` or more, if there are as many. @returns How many. */
  reserve(least: number): number;
  /** Has some rows ready, until it is called again. @returns Where the first of them begins, or would begin. */
  load(top: number, count: number): number;
}

/** Rows go to the kernels in bands of about this size, so that they stay in the processor's cache. */
const BAND_BYTES = 1 << 17;

/**
 * How many rows are loaded at once: a multiple of four, which the kernels take at a time, unless there are fewer. Room
 * is needed for one more, on which a weight of zero may lie.
 */
export function rowsOfBand({ rowBytes, height }: Pick<Rows, "rowBytes" | "height">, least: number): number {
  return Math.min(height, 4 * Math.ceil(Math.max(BAND_BYTES / rowBytes, least) / 4));
}

/** The rows of a picture, which are copied as they are needed. */
export function rowsOf({ data, width, height }: Pixels): Rows {
  const arena = new Arena(), rowBytes = 3 * width;
  let band = 0;
  return {
    ...{ arena, width, height, rowBytes, reduction: 1 },
    reserve(least) {
      const count = rowsOfBand({ rowBytes, height }, least);
      band = arena.take((count + 1) * rowBytes);
      return count;
    },
    load(top, count) {
      bytesAt(band, count * rowBytes).set(data.subarray(top * rowBytes, (top + count) * rowBytes));
      return band;
    },
  };
}
