/**
 * libjpeg's way from samples to RGB: chroma is interpolated where there is less of it ("fancy upsampling",
 * `jdsample.c`), then converted (`jdcolor.c`).
 */
import { storeRgb } from "./interleave";

/** Eight samples; or 3/4 of the nearer row's and 1/4 of the farther's, times 4. */
// @ts-ignore: decorator
@inline
function column(near: usize, far: usize, high: bool): v128 {
  const samples = i16x8.extend_low_i8x16_u(v128.load64_zero(near));
  if (!high) return samples;
  return i16x8.add(i16x8.mul(samples, i16x8.splat(3)), i16x8.extend_low_i8x16_u(v128.load64_zero(far)));
}

/** Sixteen of eight, as bytes. */
// @ts-ignore: decorator
@inline
function widened(near: usize, far: usize, high: bool): v128 {
  const here = i16x8.mul(column(near, far, high), i16x8.splat(3)), shift = high ? 4 : 2;
  const left = column(near - 1, far - 1, high), right = column(near + 1, far + 1, high);
  const even = i16x8.shr_u(i16x8.add(i16x8.add(here, left), i16x8.splat(high ? 8 : 1)), shift);
  const odd = i16x8.shr_u(i16x8.add(i16x8.add(here, right), i16x8.splat(high ? 7 : 2)), shift);
  return v128.or(even, i16x8.shl(odd, 8));
}

/** What a * cb + b * cr is, in 65,536ths and rounded; both are less 128. Eight of them. */
// @ts-ignore: decorator
@inline
function share(cb: v128, cr: v128, a: i32, b: i32): v128 {
  const weights = i32x4.splat((a & 0xffff) | (b << 16)), half = i32x4.splat(0x8000);
  const low = i32x4.dot_i16x8_s(v128.shuffle<i16>(cb, cr, 0, 8, 1, 9, 2, 10, 3, 11), weights);
  const high = i32x4.dot_i16x8_s(v128.shuffle<i16>(cb, cr, 4, 12, 5, 13, 6, 14, 7, 15), weights);
  return i16x8.narrow_i32x4_s(i32x4.shr_s(i32x4.add(low, half), 16), i32x4.shr_s(i32x4.add(high, half), 16));
}

// Factors beyond a half are less a whole number, which is added afterwards: 16-bit products are signed.
// @ts-ignore: decorator
@inline
function red(y: v128, cb: v128, cr: v128): v128 {
  return i16x8.add(i16x8.add(y, cr), share(cb, cr, 0, 91881 - 65536));
}

// @ts-ignore: decorator
@inline
function green(y: v128, cb: v128, cr: v128): v128 {
  return i16x8.add(i16x8.sub(y, cr), share(cb, cr, -22554, 65536 - 46802));
}

// @ts-ignore: decorator
@inline
function blue(y: v128, cb: v128, cr: v128): v128 {
  return i16x8.add(i16x8.add(y, i16x8.shl(cb, 1)), share(cb, cr, 116130 - 131072, 0));
}

// @ts-ignore: decorator
@inline
function storeColors(y: v128, cb: v128, cr: v128, to: usize): void {
  const y0 = i16x8.extend_low_i8x16_u(y), y1 = i16x8.extend_high_i8x16_u(y);
  // Less 128, they are signed bytes.
  const u = i8x16.add(cb, i8x16.splat(-128)), v = i8x16.add(cr, i8x16.splat(-128));
  const cb0 = i16x8.extend_low_i8x16_s(u), cb1 = i16x8.extend_high_i8x16_s(u);
  const cr0 = i16x8.extend_low_i8x16_s(v), cr1 = i16x8.extend_high_i8x16_s(v);
  storeRgb(
    i8x16.narrow_i16x8_u(red(y0, cb0, cr0), red(y1, cb1, cr1)),
    i8x16.narrow_i16x8_u(green(y0, cb0, cr0), green(y1, cb1, cr1)),
    i8x16.narrow_i16x8_u(blue(y0, cb0, cr0), blue(y1, cb1, cr1)),
    to,
  );
}

/** Repeats the first and the last sample of rows beyond their ends. */
export function extendRows(plane: usize, stride: usize, width: i32, first: i32, last: i32): void {
  for (let y = first; y <= last; y++) {
    const row = plane + <usize>y * stride;
    store<u8>(row - 1, load<u8>(row));
    store<u8>(row + width, load<u8>(row + width - 1));
  }
}

/** Gray, to rows of RGB. */
export function jpegGray(
  y: usize, yStride: usize, width: i32, height: i32, to: usize, toStride: usize,
): void {
  for (let row = 0; row < height; row++) {
    for (let x = 0; x < width; x += 16) {
      const gray = v128.load(y + <usize>row * yStride + x);
      storeRgb(gray, gray, gray, to + <usize>row * toStride + 3 * x);
    }
  }
}

/** As many chroma samples as luma, to rows of RGB. */
export function jpegColors(
  y: usize, yStride: usize, cb: usize, cr: usize, stride: usize,
  width: i32, height: i32, to: usize, toStride: usize,
): void {
  for (let row = 0; row < height; row++) {
    for (let x = 0; x < width; x += 16) {
      const at = <usize>row * stride + x;
      const luma = v128.load(y + <usize>row * yStride + x);
      storeColors(luma, v128.load(cb + at), v128.load(cr + at), to + <usize>row * toStride + 3 * x);
    }
  }
}

/** Half as many chroma samples in a row, to rows of RGB. */
export function jpegWideColors(
  y: usize, yStride: usize, cb: usize, cr: usize, stride: usize,
  width: i32, height: i32, to: usize, toStride: usize,
): void {
  for (let row = 0; row < height; row++) {
    for (let x = 0; x < width; x += 16) {
      const at = <usize>row * stride + (x >> 1);
      const luma = v128.load(y + <usize>row * yStride + x), target = to + <usize>row * toStride + 3 * x;
      storeColors(luma, widened(cb + at, 0, false), widened(cr + at, 0, false), target);
    }
  }
}

/**
 * Half as many chroma samples in a row, and half as many rows, to rows of RGB.
 *
 * @param y The first row that is wanted, the picture's row `top`.
 * @param cb The picture's first row; there are `rows`.
 */
export function jpegQuarterColors(
  y: usize, yStride: usize, cb: usize, cr: usize, stride: usize, rows: i32,
  top: i32, width: i32, height: i32, to: usize, toStride: usize,
): void {
  for (let row = 0; row < height; row++) {
    const near = (top + row) >> 1, far = max(0, min(rows - 1, near + (((top + row) & 1) << 1) - 1));
    for (let x = 0; x < width; x += 16) {
      const nearAt = <usize>near * stride + (x >> 1), farAt = <usize>far * stride + (x >> 1);
      storeColors(
        v128.load(y + <usize>row * yStride + x),
        widened(cb + nearAt, cb + farAt, true),
        widened(cr + nearAt, cr + farAt, true),
        to + <usize>row * toStride + 3 * x,
      );
    }
  }
}
