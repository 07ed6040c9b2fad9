import type { Pixels } from "../augmenter.ts";
import { decode } from "./decode.ts";
import { BICUBIC, type ResampleFilter, resize } from "./resample.ts";

/** Share of the short side that the centre crop keeps: 224 of 256, as is usual for evaluation. */
const CENTER_SHARE = 224 / 256;

/** The short side that a picture is resized to before the centre of `size` is cut out, as timm rounds it. */
export function shortSideFor(size: number): number {
  return Math.floor(size / CENTER_SHARE);
}

/**
 * The evaluation view, pixel for pixel torchvision's `Resize(shortSide, BICUBIC)` and `CenterCrop(size)` on a PIL
 * image (or of another filter): the short side is resized to `shortSide`, and the centre of `size` is cut out. Pictures given as square
 * pixels are taken whole: their source has framed them already.
 *
 * @param shortSide At least `size`; default `size / 0.875`.
 * @returns `[size, size, 3]` uint8 RGB.
 */
export async function centerView(
  image: Uint8Array | Pixels,
  size: number,
  shortSide: number = shortSideFor(size),
  filter: ResampleFilter = BICUBIC,
): Promise<Uint8Array> {
  if (image instanceof Uint8Array) return centerOf(await decode(image), size, shortSide, filter);
  return centerOf(image, size, image.width === image.height ? size : shortSide, filter);
}

function centerOf(picture: Pixels, size: number, shortSide: number, filter: ResampleFilter): Uint8Array {
  const { width, height } = picture, short = Math.min(width, height);
  const resized = (side: number) => side === short ? shortSide : Math.floor(shortSide * side / short);
  const whole = { width: resized(width), height: resized(height) };
  const window = { left: middle(whole.width - size), top: middle(whole.height - size) };
  return resize(picture, filter, whole, { ...window, width: size, height: size });
}

/** Half of a number of pixels, rounded to the even one, as Python rounds. */
function middle(pixels: number): number {
  const half = Math.floor(pixels / 2);
  return pixels % 2 === 1 && half % 2 === 1 ? half + 1 : half;
}
