import type { Resampling, Size } from "./planes.ts";

/** Share of the short side that the centre crop keeps: 224 of 256, as is usual for evaluation. */
export const CENTER_SHARE = 224 / 256;

/** The short side that a picture is resized to before the centre of `size` is cut out, as timm rounds it. */
export function shortSideFor(size: number): number {
  return Math.floor(size / CENTER_SHARE);
}

/**
 * What of a picture the evaluation view shows: the short side becomes `shortSide`, and the centre of `size` is wanted.
 * Sizes round as torchvision's do.
 */
export function centerOf({ width, height }: Size, size: number, shortSide: number): Resampling {
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
