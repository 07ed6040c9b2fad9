import type { BaselineJpeg } from "./jpeg/read_header.ts";
import type { Size, Window } from "./planes.ts";

/** How pictures become pixels: `exact`, in full; `reduced`, at a smaller size where a view has no need of more. */
export type Decoding = "exact" | "reduced";

/** By how much the sides of a picture are shortened as it is decoded. */
export type Reduction = 1 | 2 | 4 | 8;

/** The sides of a JPEG's blocks are 8 samples, which a decoder can make fewer of. */
const REDUCTIONS = [8, 4, 2] as const;

/** What is resized, in the picture's own pixels, and to which size. */
export interface Resizing {
  readonly crop: Window;
  readonly size: Size;
}

/**
 * By how much a JPEG can be reduced so that a crop still has the pixels that it is resized to, in luma and in chroma:
 * then nothing is enlarged that would not be else. Of 4:2:2, reduced chroma has half of the columns of luma.
 */
export function reductionFor({ components: [luma] }: BaselineJpeg, resizing: Resizing): Reduction {
  return mostReduction(resizing, luma.wide > luma.high ? 2 : 1);
}

/** @param columns Of luma, to one of chroma in the picture reduced. */
export function mostReduction({ crop, size }: Resizing, columns: 1 | 2 = 1): Reduction {
  const fits = (by: number) =>
    columns * by <= 8 && crop.width >= columns * by * size.width && crop.height >= by * size.height;
  return REDUCTIONS.find(fits) ?? 1;
}

/** A size after a reduction: what is left over is a pixel too. */
export function reduceSize({ width, height }: Size, by: Reduction): Size {
  return { width: Math.ceil(width / by), height: Math.ceil(height / by) };
}

/** The reduced pixels that a window lies on, the first and the last perhaps in part. */
export function reduceWindow(window: Window, by: Reduction): Window {
  const left = Math.floor(window.left / by), top = Math.floor(window.top / by);
  const right = Math.ceil((window.left + window.width) / by);
  const bottom = Math.ceil((window.top + window.height) / by);
  return { left, top, width: right - left, height: bottom - top };
}
