/**
 * Pillow's extended box blur (`BoxBlur.c`): the sum of `2 * radius + 1` values times a weight of 24 bits, and
 * the two beyond times a smaller one. Three passes along a line come near to a Gaussian.
 */
const PASSES: i32 = 3;

/** Repeats the ends of a line over the space before and after it. */
// @ts-ignore: decorator
@inline
function extendEnds(line: usize, bytes: i32, step: i32, reach: i32): void {
  if (step == 1) {
    memory.fill(line - reach, load<u8>(line), reach);
    memory.fill(line + bytes, load<u8>(line + bytes - 1), reach);
    return;
  }
  const first = v128.load(line), last = v128.load(line + bytes - step);
  for (let i = step; i <= reach; i += step) {
    v128.store(line - i, first);
    v128.store(line + bytes + i - step, last);
  }
}

/** Four results of sums and of what is beyond. */
// @ts-ignore: decorator
@inline
function weighted(sum: v128, far: v128, weight: v128, farWeight: v128): v128 {
  const exact = i32x4.add(i32x4.mul(sum, weight), i32x4.mul(far, farWeight));
  return i32x4.shr_u(i32x4.add(exact, i32x4.splat(1 << 23)), 24);
}

/** One pass along a line whose elements are `step` bytes: 1, or 16 for as many lines at once. */
// @ts-ignore: decorator
@inline
function pass(
  from: usize, to: usize, bytes: i32, step: i32, radius: i32, weight: v128, farWeight: v128,
): void {
  const near = radius * step, beyond = near + step;
  for (let i = 0; i < bytes; i += 16) {
    const at = from + i;
    const left = v128.load(at - beyond), right = v128.load(at + beyond);
    let sum0 = i16x8.splat(0), sum1 = sum0;
    for (let k = -near; k <= near; k += step) {
      const bytesAt = v128.load(at + k);
      sum0 = i16x8.add(sum0, i16x8.extend_low_i8x16_u(bytesAt));
      sum1 = i16x8.add(sum1, i16x8.extend_high_i8x16_u(bytesAt));
    }
    const far0 = i16x8.add(i16x8.extend_low_i8x16_u(left), i16x8.extend_low_i8x16_u(right));
    const far1 = i16x8.add(i16x8.extend_high_i8x16_u(left), i16x8.extend_high_i8x16_u(right));
    const a = weighted(i32x4.extend_low_i16x8_u(sum0), i32x4.extend_low_i16x8_u(far0), weight, farWeight);
    const b = weighted(i32x4.extend_high_i16x8_u(sum0), i32x4.extend_high_i16x8_u(far0), weight, farWeight);
    const c = weighted(i32x4.extend_low_i16x8_u(sum1), i32x4.extend_low_i16x8_u(far1), weight, farWeight);
    const d = weighted(i32x4.extend_high_i16x8_u(sum1), i32x4.extend_high_i16x8_u(far1), weight, farWeight);
    v128.store(to + i, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
  }
}

/** The passes along a line, between two areas. The last result is in the second. */
function passes(
  line: usize, other: usize, bytes: i32, step: i32, radius: i32, weight: v128, farWeight: v128,
): void {
  let from = line, to = other;
  for (let i = 0; i < PASSES; i++) {
    extendEnds(from, bytes, step, (radius + 1) * step);
    if (step == 1) pass(from, to, bytes, 1, radius, weight, farWeight);
    else pass(from, to, bytes, 16, radius, weight, farWeight);
    const kept = from;
    from = to;
    to = kept;
  }
}

/**
 * Blurs a plane in place, rows first as Pillow does.
 *
 * @param scratch Two lines of `16 * height` or `width` bytes with `16 * (radius + 1)` before and after each,
 *   `line` bytes apart.
 * @param stride A multiple of 16.
 */
export function boxBlur(
  plane: usize, stride: usize, width: i32, height: i32, radius: i32, weight: u32, farWeight: u32,
  scratch: usize, line: usize,
): void {
  const weights = i32x4.splat(weight), farWeights = i32x4.splat(farWeight);
  const margin = <usize>(16 * (radius + 1)), first = scratch + margin, second = first + line;
  for (let y = 0; y < height; y++) {
    const row = plane + <usize>y * stride;
    memory.copy(first, row, width);
    passes(first, second, width, 1, radius, weights, farWeights);
    memory.copy(row, second, width);
  }
  for (let x = 0; x < <i32>stride; x += 16) {
    for (let y = 0; y < height; y++) v128.store(first + 16 * y, v128.load(plane + <usize>y * stride + x));
    passes(first, second, 16 * height, 16, radius, weights, farWeights);
    for (let y = 0; y < height; y++) v128.store(plane + <usize>y * stride + x, v128.load(second + 16 * y));
  }
}
