import type { Pixels } from "../../interfaces/augmenter.ts";
import { fromPicture } from "./from_picture.ts";
import { pixelsOf, resample, type Resampling, type Size, usedWindow } from "./planes.ts";
import type { Decoding, Reduction } from "./reduction.ts";
import { BICUBIC, type ResampleFilter } from "./resample.ts";

/** Share of the short side that the centre crop keeps: 224 of 256, as is usual for evaluation. */
const CENTER_SHARE = 224 / 256;

/** The short side that a picture is resized to before the centre of `size` is cut out, as timm rounds it. */
export function shortSideFor(size: number): number {
  return Math.floor(size / CENTER_SHARE);
}

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

function centerOf({ width, height }: Size, size: number, shortSide: number): Resampling {
  const short = Math.min(width, height);
  const resized = (side: number) => side === short ? shortSide : Math.floor(shortSide * side / short);
  const whole = { width: resized(width), height: resized(height) };
  const window = { left: middle(whole.width - size), top: middle(whole.height - size) };
  return {
    crop: { left: 0, top: 0, width, height },
    size: whole,
    window: { ...window, width: size, height: size },
    mirrored: false,
  };
}

/** Half of a number of pixels, rounded to the even one, as Python rounds. */
function middle(pixels: number): number {
  const half = Math.floor(pixels / 2);
  return pixels % 2 === 1 && half % 2 === 1 ? half + 1 : half;
}
