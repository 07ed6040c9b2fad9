import { type Arena, bytesAt } from "./kernels/arena.ts";

/** Weights are integers with this many bits after the point, as Pillow's. */
const PRECISION_BITS = 32 - 8 - 2;

/** The kernels multiply by 16 bits at a time: a weight is `high * 2048 + low`. */
const LOW_BITS = 11;

/** How pixels between the given ones are made. */
export interface ResampleFilter {
  /** Weight of an input pixel by its distance. */
  weight(distance: number): number;
  /** Distance from which on the weight is zero, in pixels of the coarser of the two grids. */
  readonly support: number;
}

/** What each of `count` output pixels is made of: input pixels from `first[i]` on. */
export interface Taps {
  readonly count: number;
  /** Pairs of input pixels that an output is made of; filled up with weights of zero, the last of which may lie
   * on a pixel that is beyond the input. */
  readonly pairs: number;
  readonly first: Int32Array;
  /** `[count, pairs, 4]`: high parts of two weights, then the low parts. */
  readonly weights: Int16Array;
  /** The input pixels that are used: from `begin` up to, without, `end`. */
  readonly begin: number;
  readonly end: number;
}

/** Of an axis: what is shown of `from` input pixels becomes `to`, of which `count` from `start` on are wanted. */
export interface Axis {
  readonly from: number;
  /** Where what is shown begins, and how much it is: pixels, also parts of one. */
  readonly offset: number;
  readonly length: number;
  readonly to: number;
  readonly start: number;
  readonly count: number;
  /** The last output first. */
  readonly mirrored: boolean;
}

/** The taps of an axis: Pillow's `precompute_coeffs` (`Resample.c`). */
export function tapsOf(filter: ResampleFilter, axis: Axis): Taps {
  const { from, offset, length, to, start, count, mirrored } = axis;
  const scale = length / to, filterScale = Math.max(1, scale), support = filter.support * filterScale;
  const lows = new Int32Array(count), highs = new Int32Array(count);
  let most = 0;
  for (let i = 0; i < count; i++) {
    const center = offset + (start + i + 0.5) * scale;
    lows[i] = Math.max(0, Math.trunc(center - support + 0.5));
    highs[i] = Math.min(from, Math.trunc(center + support + 0.5));
    most = Math.max(most, highs[i] - lows[i]);
  }
  const pairs = Math.ceil(most / 2), shrink = 1 / filterScale, values = new Float64Array(most);
  const first = new Int32Array(count), weights = new Int16Array(4 * count * pairs);
  for (let i = 0; i < count; i++) {
    const center = offset + (start + i + 0.5) * scale, low = lows[i], high = highs[i];
    let sum = 0;
    for (let x = low; x < high; x++) sum += values[x - low] = filter.weight((x - center + 0.5) * shrink);
    const place = mirrored ? count - 1 - i : i;
    first[place] = Math.max(0, Math.min(low, from - 2 * pairs)); // so that the zeros stay within the input
    for (let x = low; x < high; x++) {
      const weight = fixedPoint(values[x - low] / sum), tap = x - first[place];
      const at = 4 * (place * pairs + (tap >> 1)) + (tap & 1);
      weights[at] = weight >> LOW_BITS;
      weights[at + 2] = weight & ((1 << LOW_BITS) - 1);
    }
  }
  return {
    count,
    pairs,
    first,
    weights,
    begin: Math.min(...extremes(first)),
    end: Math.max(...extremes(highs)),
  };
}

/** Both ends of something that rises or falls. */
function extremes(values: Int32Array): [number, number] {
  return [values[0], values[values.length - 1]];
}

/** Rounded half away from zero. */
function fixedPoint(weight: number): number {
  return Math.trunc(weight * (1 << PRECISION_BITS) + (weight < 0 ? -0.5 : 0.5));
}

/** Where a kernel finds taps: addresses. */
export interface StoredTaps {
  readonly first: number;
  readonly weights: number;
}

/** Copies taps to where the kernels find them; an input pixel takes `unit` bytes. */
export function storeTaps(arena: Arena, { first, weights, begin }: Taps, unit: number): StoredTaps {
  const stored = { first: arena.take(first.byteLength), weights: arena.take(weights.byteLength) };
  const offsets = first.map((pixel) => (pixel - begin) * unit);
  bytesAt(stored.first, first.byteLength).set(new Uint8Array(offsets.buffer));
  bytesAt(stored.weights, weights.byteLength).set(new Uint8Array(weights.buffer));
  return stored;
}
