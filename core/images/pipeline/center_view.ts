import type { Pixels } from "../../interfaces/augmenter.ts";
import { centerOf, shortSideFor } from "./center_window.ts";
import { fromPicture } from "./from_picture.ts";
import { pixelsOf, resample, type Size, usedWindow } from "./planes.ts";
import type { Decoding, Reduction } from "./reduction.ts";
import { BICUBIC, type ResampleFilter } from "./resample.ts";

/**
 * The evaluation view, pixel for pixel torchvision's `Resize(shortSide, BICUBIC)` and `CenterCrop(size)` on a PIL
 * image, or with another filter: the short side is resized to `shortSide`, and the centre of `size` is cut out.
 * Pictures given as square pixels are taken whole: their source has framed them already.
 *
 * @param shortSide At least `size`; default `size / 0.875`.
 * @param decoding `reduced`: of a JPEG that is much larger, fewer pixels are decoded, and the view is another one.
 * @returns `[size, size, 3]` uint8 RGB.
 */
export async function centerView(
  image: Uint8Array | Pixels,
  size: number,
  shortSide: number = shortSideFor(size),
  filter: ResampleFilter = BICUBIC,
  decoding: Decoding = "exact",
): Promise<Uint8Array> {
  const planOf = (picture: Size) => {
    const isFramed = !(image instanceof Uint8Array) && picture.width === picture.height;
    const resampling = centerOf(picture, size, isFramed ? size : shortSide);
    return { ...resampling, used: (by: Reduction) => usedWindow(filter, resampling, by) };
  };
  return await fromPicture(
    image,
    { planOf, decoding, make: (rows, plan) => pixelsOf(resample(rows, filter, plan)) },
  );
}
