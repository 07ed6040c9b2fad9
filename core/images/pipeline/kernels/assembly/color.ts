/**
 * PIL's colour arithmetic on planes of bytes: float32 where PIL has `float`, float64 where it has `double`.
 */

/** Bytes 4i to 4i + 3 of a vector, as int32. */
// @ts-ignore: decorator
@inline
function quarter(bytes: v128, i: i32): v128 {
  if (i == 0) return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes));
  if (i == 1) return i32x4.extend_high_i16x8_u(i16x8.extend_low_i8x16_u(bytes));
  if (i == 2) return i32x4.extend_low_i16x8_u(i16x8.extend_high_i8x16_u(bytes));
  return i32x4.extend_high_i16x8_u(i16x8.extend_high_i8x16_u(bytes));
}

/** 16 int32 as bytes, clipped. */
// @ts-ignore: decorator
@inline
function join(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

/**
 * Weighted sums of four pixels; the weight of green does not fit 16 bits, so it is halved and counted twice.
 */
// @ts-ignore: decorator
@inline
function lumaOf(rg: v128, gb: v128): v128 {
  const ofRg = i32x4.dot_i16x8_s(rg, i16x8(19595, 19235, 19595, 19235, 19595, 19235, 19595, 19235));
  const ofGb = i32x4.dot_i16x8_s(gb, i16x8(19235, 7471, 19235, 7471, 19235, 7471, 19235, 7471));
  return i32x4.shr_u(i32x4.add(i32x4.add(ofRg, ofGb), i32x4.splat(0x8000)), 16);
}

/** ITU-R 601 lightness of 16 pixels, in PIL's integer arithmetic. */
// @ts-ignore: decorator
@inline
function luma(r: v128, g: v128, b: v128): v128 {
  const rg0 = i8x16.shuffle(r, g, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const rg1 = i8x16.shuffle(r, g, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  const gb0 = i8x16.shuffle(g, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const gb1 = i8x16.shuffle(g, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  return join(
    lumaOf(i16x8.extend_low_i8x16_u(rg0), i16x8.extend_low_i8x16_u(gb0)),
    lumaOf(i16x8.extend_high_i8x16_u(rg0), i16x8.extend_high_i8x16_u(gb0)),
    lumaOf(i16x8.extend_low_i8x16_u(rg1), i16x8.extend_low_i8x16_u(gb1)),
    lumaOf(i16x8.extend_high_i8x16_u(rg1), i16x8.extend_high_i8x16_u(gb1)),
  );
}

/** Sum of the lightness of a picture's pixels. */
export function lumaSum(planes: usize, stride: usize, plane: usize, width: i32, height: i32): f64 {
  let sum: f64 = 0;
  for (let y = 0; y < height; y++) {
    const row = planes + <usize>y * stride;
    let sums = i32x4.splat(0), x = 0;
    for (; x + 16 <= width; x += 16) {
      const gray = luma(v128.load(row + x), v128.load(row + x + plane), v128.load(row + x + 2 * plane));
      sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(gray)));
    }
    let total = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) +
      i32x4.extract_lane(sums, 3);
    for (; x < width; x++) {
      const at = row + x;
      const r = <i32>load<u8>(at), g = <i32>load<u8>(at + plane), b = <i32>load<u8>(at + 2 * plane);
      total += (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
    }
    sum += <f64>total;
  }
  return sum;
}

// @ts-ignore: decorator
@inline
function blendQuarter(base: v128, value: v128, factor: v128): v128 {
  const difference = f32x4.convert_i32x4_s(i32x4.sub(value, base));
  return i32x4.trunc_sat_f32x4_s(f32x4.add(f32x4.convert_i32x4_s(base), f32x4.mul(factor, difference)));
}

/** PIL's blend of 16 bytes: `base + factor * (value - base)`, truncated. */
// @ts-ignore: decorator
@inline
function blended(base: v128, value: v128, factor: v128): v128 {
  return join(
    blendQuarter(quarter(base, 0), quarter(value, 0), factor),
    blendQuarter(quarter(base, 1), quarter(value, 1), factor),
    blendQuarter(quarter(base, 2), quarter(value, 2), factor),
    blendQuarter(quarter(base, 3), quarter(value, 3), factor),
  );
}

/** Blends bytes with one value. */
export function blend(at: usize, bytes: i32, base: i32, factor: f32): void {
  const bases = i8x16.splat(<i8>base), factors = f32x4.splat(factor);
  for (let i = 0; i < bytes; i += 16) v128.store(at + i, blended(bases, v128.load(at + i), factors));
}

/** Blends each pixel with its lightness. */
export function saturate(planes: usize, plane: usize, bytes: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  for (let i = 0; i < bytes; i += 16) {
    const at = planes + i;
    const r = v128.load(at), g = v128.load(at + plane), b = v128.load(at + 2 * plane), gray = luma(r, g, b);
    v128.store(at, blended(gray, r, factors));
    v128.store(at + plane, blended(gray, g, factors));
    v128.store(at + 2 * plane, blended(gray, b, factors));
  }
}

/** Replaces colours by lightness. */
export function grayscale(planes: usize, plane: usize, bytes: i32): void {
  for (let i = 0; i < bytes; i += 16) {
    const at = planes + i, gray = luma(v128.load(at), v128.load(at + plane), v128.load(at + 2 * plane));
    v128.store(at, gray);
    v128.store(at + plane, gray);
    v128.store(at + 2 * plane, gray);
  }
}

/** `value * 255`, truncated as if it were computed in float64; 0 <= value < 256. */
// @ts-ignore: decorator
@inline
function times255(value: v128): v128 {
  const rounded = f32x4.floor(f32x4.mul(value, f32x4.splat(255)));
  // value * 256 - rounded - value has the sign of the exact remainder.
  const rest = f32x4.sub(f32x4.sub(f32x4.mul(value, f32x4.splat(256)), rounded), value);
  return f32x4.sub(rounded, v128.and(f32x4.lt(rest, f32x4.splat(0)), f32x4.splat(1)));
}

/** PIL's 8-bit hue of four pixels, of 256. */
// @ts-ignore: decorator
@inline
function hueOf(r: v128, g: v128, b: v128, greatest: v128, least: v128): v128 {
  const isRed = i32x4.eq(r, greatest), isGreen = v128.andnot(i32x4.eq(g, greatest), isRed);
  const middle = i32x4.sub(i32x4.add(i32x4.add(r, g), b), i32x4.add(greatest, least));
  const range = f32x4.convert_i32x4_s(i32x4.max_s(i32x4.sub(greatest, least), i32x4.splat(1)));
  const distance = f32x4.div(f32x4.convert_i32x4_s(i32x4.sub(greatest, middle)), range);
  // In sixths of a turn: from the greatest colour's own place towards the middle one, before it or after.
  const before = v128.bitselect(b, v128.bitselect(r, g, isGreen), isRed), rises = i32x4.eq(before, least);
  const place = v128.andnot(v128.bitselect(f32x4.splat(2), f32x4.splat(4), isGreen), isRed);
  const after = f32x4.sub(f32x4.add(place, f32x4.splat(1)), distance);
  const sixths = v128.bitselect(after, f32x4.add(f32x4.sub(place, f32x4.splat(1)), distance), rises);
  const turn = f32x4.div(sixths, f32x4.splat(6));
  const share = f32x4.add(turn, v128.and(f32x4.lt(turn, f32x4.splat(0)), f32x4.splat(1)));
  return i32x4.trunc_sat_f32x4_s(times255(share));
}

/** Four pixels of 8-bit HSV (saturation in float32): red, green and blue from the lowest byte on. */
// @ts-ignore: decorator
@inline
function fromHsv(hue: v128, saturation: v128, high: v128): v128 {
  const position = f32x4.mul(f32x4.convert_i32x4_s(hue), f32x4.splat(6));
  const sector = f32x4.floor(f32x4.div(position, f32x4.splat(255))), i = i32x4.trunc_sat_f32x4_s(sector);
  const f = f32x4.div(f32x4.sub(position, f32x4.mul(sector, f32x4.splat(255))), f32x4.splat(255));
  const value = f32x4.convert_i32x4_s(high), s = f32x4.div(saturation, f32x4.splat(255));
  const least = f32x4.add(f32x4.sub(value, f32x4.mul(value, s)), f32x4.splat(0.5));
  const low = i32x4.trunc_sat_f32x4_s(least);
  const between = middleColor(value, s, f, i32x4.eq(v128.and(i, i32x4.splat(1)), i32x4.splat(1)));

  // Sectors 0 and 6: high between low; 1: between high low; 2: low high between; 3: low between high;
  // 4: between low high; 5: high low between.
  const is0 = v128.or(i32x4.eq(i, i32x4.splat(0)), i32x4.eq(i, i32x4.splat(6)));
  const is1 = i32x4.eq(i, i32x4.splat(1));
  const is2 = i32x4.eq(i, i32x4.splat(2)), is3 = i32x4.eq(i, i32x4.splat(3));
  const is4 = i32x4.eq(i, i32x4.splat(4)), is5 = i32x4.eq(i, i32x4.splat(5));
  const red = v128.bitselect(high, low, v128.or(is0, is5));
  const green = v128.bitselect(high, low, v128.or(is1, is2));
  const blue = v128.bitselect(high, low, v128.or(is3, is4));
  return v128.or(
    v128.bitselect(between, red, v128.or(is1, is4)),
    v128.or(
      i32x4.shl(v128.bitselect(between, green, v128.or(is0, is3)), 8),
      i32x4.shl(v128.bitselect(between, blue, v128.or(is2, is5)), 16),
    ),
  );
}

/** Four pixels through PIL's 8-bit HSV, their hue turned by `turn` of 256. */
// @ts-ignore: decorator
@inline
function turned(r: v128, g: v128, b: v128, turn: v128): v128 {
  const greatest = i32x4.max_u(r, i32x4.max_u(g, b)), least = i32x4.min_u(r, i32x4.min_u(g, b));
  const range = f32x4.convert_i32x4_s(i32x4.sub(greatest, least));
  const value = f32x4.convert_i32x4_s(i32x4.max_s(greatest, i32x4.splat(1)));
  const saturation = times255(f32x4.div(range, value));
  const hue = v128.and(i32x4.add(hueOf(r, g, b, greatest, least), turn), i32x4.splat(255));
  return fromHsv(hue, saturation, greatest);
}

/** `round(value * (1 - s * f))` where the sector falls, else `round(value * (1 - s * (1 - f)))`. */
// @ts-ignore: decorator
@inline
function middleColor(value: v128, s: v128, f: v128, falls: v128): v128 {
  const product = f32x4.mul(s, f); // a float in PIL
  const low = middleHalf(value, s, f, product, falls);
  const up = middleHalf(upper(value), upper(s), upper(f), upper(product), upper(falls));
  return i8x16.shuffle(low, up, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

// @ts-ignore: decorator
@inline
function upper(v: v128): v128 {
  return i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}

/** Two of them, in float64. */
// @ts-ignore: decorator
@inline
function middleHalf(value: v128, s: v128, f: v128, product: v128, falls: v128): v128 {
  const one = f64x2.splat(1);
  const rising = f64x2.mul(f64x2.promote_low_f32x4(s), f64x2.sub(one, f64x2.promote_low_f32x4(f)));
  const mask = i64x2.extend_low_i32x4_s(falls);
  const share = v128.bitselect(f64x2.promote_low_f32x4(product), rising, mask);
  const exact = f64x2.mul(f64x2.promote_low_f32x4(value), f64x2.sub(one, share));
  return i32x4.trunc_sat_f64x2_s_zero(f64x2.add(exact, f64x2.splat(0.5)));
}

/** Bytes 0, 4, 8, 12 of a vector, then 1, 5, 9, 13, and so on. */
// @ts-ignore: decorator
@inline
function byChannel(pixels: v128): v128 {
  return i8x16.swizzle(pixels, i8x16(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
}

/** Turns the hue by `turn` of 256. */
export function hue(planes: usize, plane: usize, bytes: i32, turn: i32): void {
  const turns = i32x4.splat(turn);
  for (let i = 0; i < bytes; i += 16) {
    const at = planes + i, r = v128.load(at), g = v128.load(at + plane), b = v128.load(at + 2 * plane);
    const p0 = byChannel(turned(quarter(r, 0), quarter(g, 0), quarter(b, 0), turns));
    const p1 = byChannel(turned(quarter(r, 1), quarter(g, 1), quarter(b, 1), turns));
    const p2 = byChannel(turned(quarter(r, 2), quarter(g, 2), quarter(b, 2), turns));
    const p3 = byChannel(turned(quarter(r, 3), quarter(g, 3), quarter(b, 3), turns));
    const rg01 = v128.shuffle<i32>(p0, p1, 0, 4, 1, 5), rg23 = v128.shuffle<i32>(p2, p3, 0, 4, 1, 5);
    v128.store(at, v128.shuffle<i64>(rg01, rg23, 0, 2));
    v128.store(at + plane, v128.shuffle<i64>(rg01, rg23, 1, 3));
    const b01 = v128.shuffle<i32>(p0, p1, 2, 6, 3, 7), b23 = v128.shuffle<i32>(p2, p3, 2, 6, 3, 7);
    v128.store(at + 2 * plane, v128.shuffle<i64>(b01, b23, 0, 2));
  }
}
