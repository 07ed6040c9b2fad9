/** Pictures of more pixels are refused before memory is taken for them: PIL's limit for an error. */
export const MOST_PIXELS = 178_956_970;

/** @throws {Error} If a picture of this size is too large to decode. */
export function checkSize(width: number, height: number): void {
  if (width * height <= MOST_PIXELS) return;
  throw new Error(
    `The picture has ${width} x ${height} pixels, more than the ${MOST_PIXELS} that are decoded; shrink it, or take it out`,
  );
}
