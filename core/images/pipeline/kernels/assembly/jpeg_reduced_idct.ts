/**
 * libjpeg-turbo's inverse DCT to fewer samples (`jidctred.c`): each is the mean of 2 by 2, or of 4 by 4, of the samples
 * of the whole block before they are rounded, for which high coefficients need not be looked at.
 */
import { CONST_BITS, dequantized, descaled, high, low, PASS1_BITS, product } from "./jpeg_idct";

/** A block of coefficients, in rows, times its quantization table, to 4 by 4 samples. */
export function storeHalfBlock(block: usize, table: usize, to: usize, stride: usize): void {
  const v0 = dequantized(block, table), v1 = dequantized(block + 16, table + 16);
  const v2 = dequantized(block + 32, table + 32), v3 = dequantized(block + 48, table + 48);
  const v5 = dequantized(block + 80, table + 80), v6 = dequantized(block + 96, table + 96);
  const v7 = dequantized(block + 112, table + 112), zero = i32x4.splat(0);
  // Columns first, eight of them.
  let shift = CONST_BITS - PASS1_BITS + 1, half = i32x4.splat(1 << (shift - 1));
  const l0 = i32x4.shr_s(low(zero, v0), 15 - CONST_BITS), h0 = i32x4.shr_s(high(zero, v0), 15 - CONST_BITS);
  const l2 = even(low(v2, v6)), h2 = even(high(v2, v6));
  const lNear = near(low(v7, v5), low(v3, v1)), hNear = near(high(v7, v5), high(v3, v1));
  const lFar = far(low(v7, v5), low(v3, v1)), hFar = far(high(v7, v5), high(v3, v1));
  const l02 = i32x4.add(l0, l2), h02 = i32x4.add(h0, h2), l20 = i32x4.sub(l0, l2), h20 = i32x4.sub(h0, h2);
  const r0 = descaled(i32x4.add(l02, lFar), i32x4.add(h02, hFar), half, shift);
  const r3 = descaled(i32x4.sub(l02, lFar), i32x4.sub(h02, hFar), half, shift);
  const r1 = descaled(i32x4.add(l20, lNear), i32x4.add(h20, hNear), half, shift);
  const r2 = descaled(i32x4.sub(l20, lNear), i32x4.sub(h20, hNear), half, shift);
  // Two columns of four rows in each vector: 0 and 1, 2 and 3, 4 and 5, 6 and 7.
  const a0 = low(r0, r2), a1 = low(r1, r3), a2 = high(r0, r2), a3 = high(r1, r3);
  const c01 = low(a0, a1), c23 = high(a0, a1), c45 = low(a2, a3), c67 = high(a2, a3);
  // Then rows, four of them.
  shift = CONST_BITS + PASS1_BITS + 3 + 1;
  half = i32x4.splat(1 << (shift - 1));
  const s0 = i32x4.shr_s(low(zero, c01), 15 - CONST_BITS), s2 = even(low(c23, c67));
  const c75 = high(c67, c45), c31 = high(c23, c01), sNear = near(c75, c31), sFar = far(c75, c31);
  const s02 = i32x4.add(s0, s2), s20 = i32x4.sub(s0, s2);
  const left = descaled(i32x4.add(s02, sFar), i32x4.add(s20, sNear), half, shift);
  const right = descaled(i32x4.sub(s20, sNear), i32x4.sub(s02, sFar), half, shift);
  const columns = i8x16.add(i8x16.narrow_i16x8_s(left, right), i8x16.splat(-128));
  const rows = v128.shuffle<i8>(columns, columns, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  v128.store_lane<u32>(to, rows, 0);
  v128.store_lane<u32>(to + stride, rows, 1);
  v128.store_lane<u32>(to + 2 * stride, rows, 2);
  v128.store_lane<u32>(to + 3 * stride, rows, 3);
}

/** Of pairs of coefficients 2 and 6. */
// @ts-ignore: decorator
@inline
function even(c26: v128): v128 {
  return product(c26, 15137, -6270);
}

/** What the samples in the middle differ by, of pairs of coefficients 7 and 5, 3 and 1. */
// @ts-ignore: decorator
@inline
function near(c75: v128, c31: v128): v128 {
  return i32x4.add(product(c75, -1730, 11893), product(c31, -17799, 8697));
}

/** What the first and the last differ by. */
// @ts-ignore: decorator
@inline
function far(c75: v128, c31: v128): v128 {
  return i32x4.add(product(c75, -4176, -4926), product(c31, 7373, 20995));
}

/** A block of coefficients, in rows, times its quantization table, to 2 by 2 samples. */
export function storeQuarterBlock(block: usize, table: usize, to: usize, stride: usize): void {
  const v0 = dequantized(block, table), v1 = dequantized(block + 16, table + 16);
  const v3 = dequantized(block + 48, table + 48), v5 = dequantized(block + 80, table + 80);
  const v7 = dequantized(block + 112, table + 112), zero = i32x4.splat(0);
  const shift = CONST_BITS - PASS1_BITS + 2, half = i32x4.splat(1 << (shift - 1));
  const l0 = i32x4.shr_s(low(zero, v0), 14 - CONST_BITS), h0 = i32x4.shr_s(high(zero, v0), 14 - CONST_BITS);
  const l = i32x4.add(product(low(v7, v5), -5906, 6967), product(low(v3, v1), -10426, 29692));
  const h = i32x4.add(product(high(v7, v5), -5906, 6967), product(high(v3, v1), -10426, 29692));
  storePair(descaled(i32x4.add(l0, l), i32x4.add(h0, h), half, shift), to);
  storePair(descaled(i32x4.sub(l0, l), i32x4.sub(h0, h), half, shift), to + stride);
}

/** A row of eight columns, to two samples. */
// @ts-ignore: decorator
@inline
function storePair(row: v128, to: usize): void {
  const odd = i32x4.dot_i16x8_s(row, i16x8(0, 29692, 0, -10426, 0, 6967, 0, -5906));
  const difference = i32x4.extract_lane(odd, 0) + i32x4.extract_lane(odd, 1) + i32x4.extract_lane(odd, 2) +
    i32x4.extract_lane(odd, 3);
  const sum = <i32>i16x8.extract_lane_s(row, 0) << (CONST_BITS + 2);
  store<u8>(to, sample(sum + difference));
  store<u8>(to + 1, sample(sum - difference));
}

// @ts-ignore: decorator
@inline
function sample(value: i32): u8 {
  const shift = CONST_BITS + PASS1_BITS + 3 + 2;
  return <u8>(max(-128, min(127, (value + (1 << (shift - 1))) >> shift)) + 128);
}
