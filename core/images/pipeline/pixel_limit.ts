/** Pictures of more pixels are refused before memory is taken for them: PIL's limit for an error. */
export const MOST_PIXELS = 178_956_970;

/** Pictures with a longer side are refused: what libvips does for each row takes minutes for tens of millions. */
export const MOST_SIDE = 2 ** 20;

/** A picture that is too large to decode. */
export class OversizedPicture extends Error {}

/** @throws {OversizedPicture} If a picture of this size is too large to decode. */
export function checkSize(width: number, height: number): void {
  const is = `The picture has ${width} x ${height} pixels`, remedy = "shrink it, or take it out";
  if (width * height > MOST_PIXELS) {
    throw new OversizedPicture(`${is}, more than the ${MOST_PIXELS} that are decoded; ${remedy}`);
  }
  if (Math.max(width, height) > MOST_SIDE) {
    throw new OversizedPicture(`${is}, a side is longer than the ${MOST_SIDE} that are decoded; ${remedy}`);
  }
}
