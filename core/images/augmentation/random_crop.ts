import type { Size, Window } from "../pipeline/planes.ts";
import type { Random } from "../../random.ts";

/** Aspect ratios of crops, torchvision's default. */
const RATIO = [3 / 4, 4 / 3] as const;

/**
 * torchvision's `RandomResizedCrop.get_params`: ten tries, then the largest centre crop of a legal ratio.
 *
 * @param scale Share of the picture's area that a crop takes.
 */
export function randomCrop(
  random: Random,
  { width, height }: Size,
  scale: readonly [number, number],
): Window {
  const area = width * height;
  for (let attempt = 0; attempt < 10; attempt++) {
    const target = area * random.uniform(...scale);
    const ratio = Math.exp(random.uniform(Math.log(RATIO[0]), Math.log(RATIO[1])));
    const w = Math.round(Math.sqrt(target * ratio)), h = Math.round(Math.sqrt(target / ratio));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      return { left: random.below(width - w + 1), top: random.below(height - h + 1), width: w, height: h };
    }
  }
  const ratio = width / height;
  const w = ratio > RATIO[1] ? Math.round(height * RATIO[1]) : width;
  const h = ratio < RATIO[0] ? Math.round(width / RATIO[0]) : height;
  return { left: (width - w) >> 1, top: (height - h) >> 1, width: w, height: h };
}
