import { type Arena, bytesAt, roundUp } from "./kernels/arena.ts";
import { interleave, resizeColumns, resizeRows } from "./kernels/kernels.wasm";
import { reduceWindow, type Reduction, type Resizing } from "./reduction.ts";
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
export interface Resampling extends Resizing {
  readonly window: Window;
  /** Left and right change places. */
  readonly mirrored: boolean;
}

/** The part of a picture that a resampling looks at, in pixels of the picture reduced. */
export function usedWindow(filter: ResampleFilter, resampling: Resampling, by: Reduction): Window {
  const { columns, rows, left, top } = tapsIn(filter, resampling, by);
  return { left, top, width: columns.end - columns.begin, height: rows.end - rows.begin };
}

/**
 * Resizes a part of a picture; what is beyond the part plays no role, but for the rest of reduced pixels that lie on its
 * edge. See {@link resize} for the arithmetic.
 *
 * @param resampling In pixels of the whole picture, whether it is reduced or not.
 */
export function resample(picture: Rows, filter: ResampleFilter, resampling: Resampling): Planes {
  const source = tapsIn(filter, resampling, picture.reduction);
  const target = takePlanes(picture.arena, resampling.window);
  const pass = startsWithHeight(source.cut, resampling.size) ? heightFirst : widthFirst;
  pass({ picture, ...source }, target);
  return target;
}

/** The taps of both axes, the first pixel that is used, and the reduced pixels that the crop lies on. */
function tapsIn(
  filter: ResampleFilter,
  { crop, size, window, mirrored }: Resampling,
  by: Reduction,
): Omit<Source, "picture"> & { cut: Window } {
  const cut = reduceWindow(crop, by);
  const columns = tapsOf(filter, {
    ...{ from: cut.width, offset: crop.left / by - cut.left, length: crop.width / by },
    ...{ to: size.width, start: window.left, count: window.width, mirrored },
  });
  const rows = tapsOf(filter, {
    ...{ from: cut.height, offset: crop.top / by - cut.top, length: crop.height / by },
    ...{ to: size.height, start: window.top, count: window.height, mirrored: false },
  });
  return { cut, columns, rows, left: cut.left + columns.begin, top: cut.top + rows.begin };
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
