/**
 * Pillow's resampling (`Resample.c`): sums of pixels times fixed-point weights of 22 bits, rounded to bytes.
 * A weight is split into `high * 2048 + low`, so that two dot products of 16-bit numbers give the exact sum.
 *
 * `weights` holds, for each output and each pair of taps, four int16: high, high, low, low.
 */
const PAIR: usize = 8;
const PRECISION_BITS: i32 = 22;
const LOW_BITS: i32 = 11;

// @ts-ignore: decorator
@inline
function half(): v128 {
  return i32x4.splat(1 << (PRECISION_BITS - 1));
}

/** Four sums, clipped by the narrowing that follows. */
// @ts-ignore: decorator
@inline
function total(high: v128, low: v128): v128 {
  return i32x4.shr_s(i32x4.add(i32x4.shl(high, LOW_BITS), low), PRECISION_BITS);
}

/** The colours of two pixels beside each other, as int16 pairs r r, g g, b b, 0 0. */
// @ts-ignore: decorator
@inline
function pixelPair(from: usize): v128 {
  return i8x16.swizzle(
    v128.load64_zero(from),
    i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1),
  );
}

/**
 * Resizes rows of interleaved RGB to `count` pixels each, and splits them into three planes.
 *
 * @param first For each output, the byte of a row that its first tap begins at.
 */
export function resizeColumns(
  from: usize, fromStride: usize, rows: i32, to: usize, toStride: usize, plane: usize,
  first: usize, weights: usize, count: i32, pairs: i32,
): void {
  const last = rows - 1;
  for (let y = 0; y < rows; y += 4) {
    // Of the last rows some may be made twice.
    const y1 = min(y + 1, last), y2 = min(y + 2, last), y3 = min(y + 3, last);
    const d0 = to + <usize>y * toStride, d1 = to + <usize>y1 * toStride;
    const d2 = to + <usize>y2 * toStride, d3 = to + <usize>y3 * toStride;
    const s0 = from + <usize>y * fromStride, s1 = from + <usize>y1 * fromStride;
    const s2 = from + <usize>y2 * fromStride, s3 = from + <usize>y3 * fromStride;
    let weight = weights;
    for (let x = 0; x < count; x++) {
      let at: usize = <usize>load<i32>(first + (<usize>x << 2));
      let high0 = i32x4.splat(0), high1 = high0, high2 = high0, high3 = high0;
      let low0 = half(), low1 = low0, low2 = low0, low3 = low0;
      for (let pair = 0; pair < pairs; pair++) {
        const high = v128.load32_splat(weight), low = v128.load32_splat(weight, 4);
        const p0 = pixelPair(s0 + at), p1 = pixelPair(s1 + at);
        const p2 = pixelPair(s2 + at), p3 = pixelPair(s3 + at);
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(p0, high));
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(p0, low));
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(p1, high));
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(p1, low));
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(p2, high));
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(p2, low));
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(p3, high));
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(p3, low));
        weight += PAIR;
        at += 6;
      }
      const a = i16x8.narrow_i32x4_s(total(high0, low0), total(high1, low1));
      const b = i16x8.narrow_i32x4_s(total(high2, low2), total(high3, low3));
      const colors = i8x16.narrow_i16x8_u(a, b);
      v128.store_lane<u8>(d0 + x, colors, 0);
      v128.store_lane<u8>(d0 + x + plane, colors, 1);
      v128.store_lane<u8>(d0 + x + 2 * plane, colors, 2);
      v128.store_lane<u8>(d1 + x, colors, 4);
      v128.store_lane<u8>(d1 + x + plane, colors, 5);
      v128.store_lane<u8>(d1 + x + 2 * plane, colors, 6);
      v128.store_lane<u8>(d2 + x, colors, 8);
      v128.store_lane<u8>(d2 + x + plane, colors, 9);
      v128.store_lane<u8>(d2 + x + 2 * plane, colors, 10);
      v128.store_lane<u8>(d3 + x, colors, 12);
      v128.store_lane<u8>(d3 + x + plane, colors, 13);
      v128.store_lane<u8>(d3 + x + 2 * plane, colors, 14);
    }
  }
}

/**
 * Makes `count` rows of `bytes` bytes out of those of the input, whatever a row holds.
 *
 * @param first For each output, where its first row begins, counted from `from`.
 */
export function resizeRows(
  from: usize, fromStride: usize, to: usize, toStride: usize, bytes: i32,
  first: usize, weights: usize, count: i32, pairs: i32,
): void {
  for (let y = 0; y < count; y++) {
    const row = from + <usize>load<i32>(first + (<usize>y << 2));
    const rowWeights = weights + <usize>(y * pairs) * PAIR;
    for (let x = 0; x < bytes; x += 16) {
      let at = row + x, weight = rowWeights;
      let high0 = i32x4.splat(0), high1 = high0, high2 = high0, high3 = high0;
      let low0 = half(), low1 = low0, low2 = low0, low3 = low0;
      for (let pair = 0; pair < pairs; pair++) {
        const high = v128.load32_splat(weight), low = v128.load32_splat(weight, 4);
        const a = v128.load(at), b = v128.load(at + fromStride);
        const ab = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const cd = i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        const p0 = i16x8.extend_low_i8x16_u(ab), p1 = i16x8.extend_high_i8x16_u(ab);
        const p2 = i16x8.extend_low_i8x16_u(cd), p3 = i16x8.extend_high_i8x16_u(cd);
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(p0, high));
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(p0, low));
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(p1, high));
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(p1, low));
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(p2, high));
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(p2, low));
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(p3, high));
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(p3, low));
        weight += PAIR;
        at += 2 * fromStride;
      }
      const a = i16x8.narrow_i32x4_s(total(high0, low0), total(high1, low1));
      const b = i16x8.narrow_i32x4_s(total(high2, low2), total(high3, low3));
      v128.store(to + <usize>y * toStride + x, i8x16.narrow_i16x8_u(a, b));
    }
  }
}
