import type { Pixels } from "../../interfaces/augmenter.ts";
import { pixelsOf, resample, type Size, type Window } from "./planes.ts";
import { rowsOf } from "./rows.ts";
import type { ResampleFilter } from "./taps.ts";

export type { ResampleFilter, Size, Window };

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
  const crop = { left: 0, top: 0, width: image.width, height: image.height };
  return pixelsOf(resample(rowsOf(image), filter, { crop, size, window, mirrored: false }));
}
