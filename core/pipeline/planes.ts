import type { Pixels } from "../augmenter.ts";
import { Arena, bytesAt, roundUp } from "./kernels/arena.ts";
import { interleave, resizeColumns, resizeRows } from "./kernels/kernels.wasm";
import { type ResampleFilter, storeTaps, type Taps, tapsOf } from "./taps.ts";

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A part of a picture, in pixels. */
export interface Window extends Size {
  readonly left: number;
  readonly top: number;
}

/** A picture in the kernels' memory: planes of red, green and blue, good until the next one is made. */
export interface Planes extends Size {
  readonly arena: Arena;
  /** Address of the red plane. */
  readonly at: number;
  /** Bytes from a row to the next, a multiple of 16. */
  readonly stride: number;
  /** Bytes from a plane to the next. */
  readonly plane: number;
}

/** What is made of a picture: its part `crop` is resized to `size`, of which `window` is wanted. */
export interface Resampling {
  readonly crop: Window;
  readonly size: Size;
  readonly window: Window;
  /** Left and right change places. */
  readonly mirrored: boolean;
}

/** The picture's rows go to the kernels in bands of about this size, so that they stay in the processor's cache. */
const BAND_BYTES = 1 << 17;

/** Resizes a part of a picture; what is beyond the part plays no role. See {@link resize} for the arithmetic. */
export function resample(
  picture: Pixels,
  filter: ResampleFilter,
  { crop, size, window, mirrored }: Resampling,
): Planes {
  const { left, top, width, height } = window;
  const columns = tapsOf(filter, { from: crop.width, to: size.width, start: left, count: width, mirrored });
  const rows = tapsOf(filter, {
    from: crop.height,
    to: size.height,
    start: top,
    count: height,
    mirrored: false,
  });
  const arena = new Arena(), target = takePlanes(arena, { width, height });
  const pass = startsWithHeight(crop, size) ? heightFirst : widthFirst;
  pass({ picture, left: crop.left + columns.begin, top: crop.top + rows.begin, columns, rows }, target);
  return target;
}

/** Which pass comes first changes how pixels round. This is Pillow 13; earlier ones begin with the width. */
function startsWithHeight(from: Size, to: Size): boolean {
  const lower = from.height - to.height, narrower = from.width - to.width;
  return lower > 0 && lower > 2 * narrower;
}

/** A picture with the taps of both axes, and the first of its pixels that is used. */
interface Source {
  readonly picture: Pixels;
  readonly left: number;
  readonly top: number;
  readonly columns: Taps;
  readonly rows: Taps;
}

function takePlanes(arena: Arena, { width, height }: Size): Planes {
  const stride = roundUp(width), plane = stride * height;
  return { arena, width, height, stride, plane, at: arena.take(3 * plane) };
}

function widthFirst({ picture, left, top, columns, rows }: Source, target: Planes): void {
  const { arena } = target, used = rows.end - rows.begin;
  // One row more: a weight of zero may lie there.
  const narrow = takePlanes(arena, { width: target.width, height: used + 1 });
  const x = storeTaps(arena, columns, 3), y = storeTaps(arena, rows, narrow.stride);
  const { stride, plane } = narrow, rowBytes = 3 * picture.width, many = rowsOfBand(rowBytes);
  const band = arena.take(many * rowBytes);
  for (let from = 0; from < used; from += many) {
    const count = Math.min(many, used - from), to = narrow.at + from * stride;
    const start = loadRows(picture, top + from, count, band) + 3 * left;
    resizeColumns(
      start,
      rowBytes,
      count,
      to,
      stride,
      plane,
      x.first,
      x.weights,
      columns.count,
      columns.pairs,
    );
  }
  for (let c = 0; c < 3; c++) {
    const from = narrow.at + c * plane, to = target.at + c * target.plane;
    resizeRows(from, stride, to, target.stride, target.width, y.first, y.weights, rows.count, rows.pairs);
  }
}

function heightFirst({ picture, left, top, columns, rows }: Source, target: Planes): void {
  const { arena, height } = target, rowBytes = 3 * picture.width;
  const bytes = 3 * (columns.end - columns.begin), stride = roundUp(bytes), low = arena.take(stride * height);
  const x = storeTaps(arena, columns, 3), y = storeTaps(arena, rows, rowBytes);
  const many = Math.max(rowsOfBand(rowBytes), 2 * rows.pairs), band = arena.take((many + 1) * rowBytes);
  for (let from = 0, to; from < height; from = to) {
    const first = rows.first[from];
    for (to = from + 1; to < height && rows.first[to] + 2 * rows.pairs - first <= many;) to++;
    const end = Math.min(rows.first[to - 1] + 2 * rows.pairs, rows.end);
    const start = loadRows(picture, top + first - rows.begin, end - first, band) + 3 * left;
    resizeRows(
      start - (first - rows.begin) * rowBytes, // where the first row that is used would be
      rowBytes,
      low + from * stride,
      stride,
      bytes,
      y.first + 4 * from,
      y.weights + 8 * rows.pairs * from,
      to - from,
      rows.pairs,
    );
  }
  const { first, weights } = x, { count, pairs } = columns;
  resizeColumns(low, stride, height, target.at, target.stride, target.plane, first, weights, count, pairs);
}

/** A multiple of four, which the kernel takes at a time. */
function rowsOfBand(rowBytes: number): number {
  return 4 * Math.ceil(BAND_BYTES / rowBytes / 4);
}

/** Copies whole rows of a picture to an area. @returns The area's address. */
function loadRows({ data, width }: Pixels, top: number, count: number, area: number): number {
  const rowBytes = 3 * width, from = top * rowBytes;
  bytesAt(area, count * rowBytes).set(data.subarray(from, from + count * rowBytes));
  return area;
}

/** The planes' pixels. @returns `[height, width, 3]` uint8 RGB. */
export function pixelsOf({ arena, at, stride, plane, width, height }: Planes): Uint8Array {
  const bytes = 3 * width * height, area = arena.take(bytes);
  interleave(at, stride, plane, width, height, area);
  return bytesAt(area, bytes).slice();
}
