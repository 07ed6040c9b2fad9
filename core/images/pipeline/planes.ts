import { type Arena, bytesAt, roundUp } from "./kernels/arena.ts";
import { interleave, resizeColumns, resizeRows } from "./kernels/kernels.wasm";
import type { Rows } from "./rows.ts";
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

/** The part of a picture that a resampling looks at. */
export function usedWindow(filter: ResampleFilter, { crop, size, window }: Resampling): Window {
  const along = (from: number, to: number, start: number, count: number) =>
    tapsOf(filter, { from, to, start, count, mirrored: false });
  const columns = along(crop.width, size.width, window.left, window.width);
  const rows = along(crop.height, size.height, window.top, window.height);
  const [width, height] = [columns.end - columns.begin, rows.end - rows.begin];
  return { left: crop.left + columns.begin, top: crop.top + rows.begin, width, height };
}

/** Resizes a part of a picture; what is beyond the part plays no role. See {@link resize} for the arithmetic. */
export function resample(
  picture: Rows,
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
  const target = takePlanes(picture.arena, { width, height });
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
  readonly picture: Rows;
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
  const { stride, plane } = narrow, { rowBytes } = picture, many = picture.reserve(4);
  for (let from = 0; from < used; from += many) {
    const count = Math.min(many, used - from), to = narrow.at + from * stride;
    const start = picture.load(top + from, count) + 3 * left;
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
  const { arena, height } = target, { rowBytes } = picture;
  const bytes = 3 * (columns.end - columns.begin), stride = roundUp(bytes), low = arena.take(stride * height);
  const x = storeTaps(arena, columns, 3), y = storeTaps(arena, rows, rowBytes);
  const many = picture.reserve(2 * rows.pairs);
  for (let from = 0, to; from < height; from = to) {
    const first = rows.first[from];
    for (to = from + 1; to < height && rows.first[to] + 2 * rows.pairs - first <= many;) to++;
    const end = Math.min(rows.first[to - 1] + 2 * rows.pairs, rows.end);
    const start = picture.load(top + first - rows.begin, end - first) + 3 * left;
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

/** The planes' pixels. @returns `[height, width, 3]` uint8 RGB. */
export function pixelsOf({ arena, at, stride, plane, width, height }: Planes): Uint8Array {
  const bytes = 3 * width * height, area = arena.take(bytes);
  interleave(at, stride, plane, width, height, area);
  return bytesAt(area, bytes).slice();
}
