/**
 * libjpeg's accurate integer inverse DCT (`jidctint.c`; Loeffler, Ligtenberg and Moschytz, 1989), eight
 * columns at a time: products are of 13 fractional bits, and sums of two of them are one dot product.
 */
export const CONST_BITS: i32 = 13, PASS1_BITS: i32 = 2;

// @ts-ignore: decorator
@inline
export function low(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

// @ts-ignore: decorator
@inline
export function high(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** a * x + b * y of pairs x, y. */
// @ts-ignore: decorator
@inline
export function product(pairs: v128, a: i32, b: i32): v128 {
  return i32x4.dot_i16x8_s(pairs, i32x4.splat((a & 0xffff) | (b << 16)));
}

/** Rounds eight sums. */
// @ts-ignore: decorator
@inline
export function descaled(low: v128, high: v128, half: v128, shift: i32): v128 {
  const a = i32x4.shr_s(i32x4.add(low, half), shift), b = i32x4.shr_s(i32x4.add(high, half), shift);
  return i16x8.narrow_i32x4_s(a, b);
}

// @ts-ignore: decorator
@inline
export function dequantized(block: usize, table: usize): v128 {
  return i16x8.mul(v128.load(block), v128.load(table));
}

/** Stores two rows of samples. */
// @ts-ignore: decorator
@inline
function storeRows(a: v128, b: v128, to: usize, stride: usize): void {
  const samples = i8x16.add(i8x16.narrow_i16x8_s(a, b), i8x16.splat(-128));
  v128.store_lane<u64>(to, samples, 0);
  v128.store_lane<u64>(to + stride, samples, 1);
}

/** A block of coefficients, in rows, times its quantization table, to samples. */
export function storeBlock(block: usize, table: usize, to: usize, stride: usize): void {
  let v0 = dequantized(block, table), v1 = dequantized(block + 16, table + 16);
  let v2 = dequantized(block + 32, table + 32), v3 = dequantized(block + 48, table + 48);
  let v4 = dequantized(block + 64, table + 64), v5 = dequantized(block + 80, table + 80);
  let v6 = dequantized(block + 96, table + 96), v7 = dequantized(block + 112, table + 112);
  // Columns first; then, with rows and columns exchanged, rows.
  for (let pass = 0; pass < 2; pass++) {
    const shift = pass ? CONST_BITS + PASS1_BITS + 3 : CONST_BITS - PASS1_BITS;
    const half = i32x4.splat(1 << (shift - 1));
    const zero = i32x4.splat(0);
    const sum04 = i16x8.add(v0, v4), difference04 = i16x8.sub(v0, v4);
    const l26 = low(v2, v6), h26 = high(v2, v6);
    const l3 = product(l26, 4433 + 6270, 4433), h3 = product(h26, 4433 + 6270, 4433);
    const l2 = product(l26, 4433, 4433 - 15137), h2 = product(h26, 4433, 4433 - 15137);
    const l0 = i32x4.shr_s(low(zero, sum04), 16 - CONST_BITS);
    const h0 = i32x4.shr_s(high(zero, sum04), 16 - CONST_BITS);
    const l1 = i32x4.shr_s(low(zero, difference04), 16 - CONST_BITS);
    const h1 = i32x4.shr_s(high(zero, difference04), 16 - CONST_BITS);
    const l10 = i32x4.add(l0, l3), h10 = i32x4.add(h0, h3), l13 = i32x4.sub(l0, l3), h13 = i32x4.sub(h0, h3);
    const l11 = i32x4.add(l1, l2), h11 = i32x4.add(h1, h2), l12 = i32x4.sub(l1, l2), h12 = i32x4.sub(h1, h2);

    const z3 = i16x8.add(v7, v3), z4 = i16x8.add(v5, v1);
    const lz = low(z3, z4), hz = high(z3, z4);
    const lz3 = product(lz, 9633 - 16069, 9633), hz3 = product(hz, 9633 - 16069, 9633);
    const lz4 = product(lz, 9633, 9633 - 3196), hz4 = product(hz, 9633, 9633 - 3196);
    const l71 = low(v7, v1), h71 = high(v7, v1), l53 = low(v5, v3), h53 = high(v5, v3);
    const lo0 = i32x4.add(product(l71, 2446 - 7373, -7373), lz3);
    const ho0 = i32x4.add(product(h71, 2446 - 7373, -7373), hz3);
    const lo3 = i32x4.add(product(l71, -7373, 12299 - 7373), lz4);
    const ho3 = i32x4.add(product(h71, -7373, 12299 - 7373), hz4);
    const lo1 = i32x4.add(product(l53, 16819 - 20995, -20995), lz4);
    const ho1 = i32x4.add(product(h53, 16819 - 20995, -20995), hz4);
    const lo2 = i32x4.add(product(l53, -20995, 25172 - 20995), lz3);
    const ho2 = i32x4.add(product(h53, -20995, 25172 - 20995), hz3);

    v0 = descaled(i32x4.add(l10, lo3), i32x4.add(h10, ho3), half, shift);
    v7 = descaled(i32x4.sub(l10, lo3), i32x4.sub(h10, ho3), half, shift);
    v1 = descaled(i32x4.add(l11, lo2), i32x4.add(h11, ho2), half, shift);
    v6 = descaled(i32x4.sub(l11, lo2), i32x4.sub(h11, ho2), half, shift);
    v2 = descaled(i32x4.add(l12, lo1), i32x4.add(h12, ho1), half, shift);
    v5 = descaled(i32x4.sub(l12, lo1), i32x4.sub(h12, ho1), half, shift);
    v3 = descaled(i32x4.add(l13, lo0), i32x4.add(h13, ho0), half, shift);
    v4 = descaled(i32x4.sub(l13, lo0), i32x4.sub(h13, ho0), half, shift);

    // Rows become columns.
    const a0 = low(v0, v4), a1 = high(v0, v4), a2 = low(v1, v5), a3 = high(v1, v5);
    const a4 = low(v2, v6), a5 = high(v2, v6), a6 = low(v3, v7), a7 = high(v3, v7);
    const b0 = low(a0, a4), b1 = high(a0, a4), b2 = low(a1, a5), b3 = high(a1, a5);
    const b4 = low(a2, a6), b5 = high(a2, a6), b6 = low(a3, a7), b7 = high(a3, a7);
    v0 = low(b0, b4);
    v1 = high(b0, b4);
    v2 = low(b1, b5);
    v3 = high(b1, b5);
    v4 = low(b2, b6);
    v5 = high(b2, b6);
    v6 = low(b3, b7);
    v7 = high(b3, b7);
  }
  storeRows(v0, v1, to, stride);
  storeRows(v2, v3, to + 2 * stride, stride);
  storeRows(v4, v5, to + 4 * stride, stride);
  storeRows(v6, v7, to + 6 * stride, stride);
}

/** A block that has its first coefficient only, or whose mean alone is wanted: `side` by `side` samples. */
export function storeFlatBlock(dc: i32, to: usize, stride: usize, side: i32): void {
  const sample = max(0, min(255, ((dc + 4) >> 3) + 128)), samples = i8x16.splat(<i8>sample);
  for (let y: usize = 0; y < <usize>side; y++) {
    const row = to + y * stride;
    if (side == 8) v128.store_lane<u64>(row, samples, 0);
    else if (side == 4) v128.store_lane<u32>(row, samples, 0);
    else if (side == 2) v128.store_lane<u16>(row, samples, 0);
    else store<u8>(row, <u8>sample);
  }
}
