import type { Pixels } from "../augmenter.ts";

/** Weights are integers with this many bits after the point. */
const PRECISION_BITS = 32 - 8 - 2;

/** How pixels between the given ones are made. */
export interface ResampleFilter {
  /** Weight of an input pixel by its distance. */
  weight(distance: number): number;
  /** Distance from which on the weight is zero, in pixels of the coarser of the two grids. */
  readonly support: number;
}

/** Linear interpolation. */
export const BILINEAR: ResampleFilter = {
  support: 1,
  weight: (distance) => Math.max(0, 1 - Math.abs(distance)),
};

/** Cubic convolution (Keys, 1981) with parameter `a`. */
export function cubic(a: number): ResampleFilter {
  return {
    support: 2,
    weight(distance) {
      const d = Math.abs(distance);
      if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
      if (d < 2) return (((d - 5) * d + 8) * d - 4) * a;
      return 0;
    },
  };
}

/** Cubic convolution with PIL's parameter. */
export const BICUBIC: ResampleFilter = cubic(-0.5);

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

/**
 * A window of a picture that is resized: antialiased where it shrinks, in PIL's own integer arithmetic
 * (Pillow's `Resample.c`), so that the pixels equal those that torchvision's transforms give. libvips' do not:
 * where it enlarges they are off by several levels on average.
 *
 * @param size What the whole picture becomes.
 * @param window The part of it that is wanted.
 * @returns `[window.height, window.width, 3]` uint8 RGB.
 */
export function resize(image: Pixels, filter: ResampleFilter, size: Size, window: Window): Uint8Array {
  const columns = kernels(filter, image.width, size.width, window.left, window.width);
  const rows = kernels(filter, image.height, size.height, window.top, window.height);
  if (startsWithHeight(image, size)) return resizeWidth(resizeHeight(image, rows), columns).data;
  const top = rows.first[0], bottom = rows.first.at(-1)! + rows.taps;
  const used = { ...image, data: image.data.subarray(3 * image.width * top), height: bottom - top };
  return resizeHeight(resizeWidth(used, columns), { ...rows, first: rows.first.map((y) => y - top) }).data;
}

/** Which pass comes first changes how pixels round. This is Pillow 13; earlier ones begin with the width. */
function startsWithHeight(from: Size, to: Size): boolean {
  const lower = from.height - to.height, narrower = from.width - to.width;
  return lower > 0 && lower > 2 * narrower;
}

/** What each of `count` output pixels is made of: `taps` input pixels from `first[i]` on. */
interface Kernels {
  readonly count: number;
  readonly taps: number;
  readonly first: Int32Array;
  /** `[count, taps]`, fixed-point; filled up with zeros. */
  readonly weights: Int32Array;
}

/** Kernels of `count` output pixels from `start` on, of `to` that `from` input pixels become. */
function kernels(filter: ResampleFilter, from: number, to: number, start: number, count: number): Kernels {
  const scale = from / to, filterScale = Math.max(1, scale), support = filter.support * filterScale;
  const taps = Math.min(from, 2 * Math.ceil(support) + 1);
  const first = new Int32Array(count), weights = new Int32Array(count * taps);
  for (let i = 0; i < count; i++) {
    const center = (start + i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(center - support + 0.5));
    const high = Math.min(from, Math.trunc(center + support + 0.5));
    const values = Float64Array.from(
      { length: high - low },
      (_, x) => filter.weight((x + low - center + 0.5) / filterScale),
    );
    const sum = values.reduce((a, b) => a + b, 0);
    first[i] = Math.min(low, from - taps); // so that the zeros stay within the input
    values.forEach((value, x) => weights[i * taps + low - first[i] + x] = fixedPoint(value / sum));
  }
  return { count, taps, first, weights };
}

/** Rounded half away from zero. */
function fixedPoint(weight: number): number {
  return Math.trunc(weight * (1 << PRECISION_BITS) + (weight < 0 ? -0.5 : 0.5));
}

const HALF = 1 << (PRECISION_BITS - 1);

function clip(sum: number): number {
  const value = sum >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function resizeWidth({ data, width, height }: Pixels, { count, taps, first, weights }: Kernels): Pixels {
  const out = new Uint8Array(3 * count * height);
  for (let y = 0, at = 0; y < height; y++) {
    const row = 3 * width * y;
    for (let x = 0, w = 0; x < count; x++) {
      let r = HALF, g = HALF, b = HALF;
      for (let from = row + 3 * first[x], end = from + 3 * taps; from < end; from += 3) {
        const weight = weights[w++];
        r = (r + Math.imul(data[from], weight)) | 0;
        g = (g + Math.imul(data[from + 1], weight)) | 0;
        b = (b + Math.imul(data[from + 2], weight)) | 0;
      }
      out[at++] = clip(r);
      out[at++] = clip(g);
      out[at++] = clip(b);
    }
  }
  return { data: out, width: count, height };
}

function resizeHeight({ data, width }: Pixels, { count, taps, first, weights }: Kernels): Pixels {
  const stride = 3 * width, sums = new Int32Array(stride), out = new Uint8Array(stride * count);
  for (let y = 0; y < count; y++) {
    sums.fill(HALF);
    for (let tap = 0; tap < taps; tap++) {
      const weight = weights[y * taps + tap], from = (first[y] + tap) * stride;
      for (let x = 0; x < stride; x++) sums[x] = (sums[x] + Math.imul(data[from + x], weight)) | 0;
    }
    for (let x = 0; x < stride; x++) out[y * stride + x] = clip(sums[x]);
  }
  return { data: out, width, height: count };
}
