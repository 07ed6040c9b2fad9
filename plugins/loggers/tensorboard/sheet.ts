import type { Pixels } from "@seed/core";
import type { Png } from "./events.ts";

/** Pixels between pictures, and how light they are. */
const GAP = 2, GREY = 255;

/** Rows of pictures of one size as one picture. */
export async function sheetOf(rows: readonly (readonly Pixels[])[]): Promise<Png> {
  const [{ width: side, height: tall }] = rows[0], columns = Math.max(...rows.map((row) => row.length));
  const width = columns * (side + GAP) - GAP, height = rows.length * (tall + GAP) - GAP;
  const data = new Uint8Array(width * height * 3).fill(GREY);
  rows.forEach((row, r) =>
    row.forEach((pixels, c) => paste(pixels, data, width, c * (side + GAP), r * (tall + GAP)))
  );
  // Native code, loaded with the first sheet: what only lists plugins or checks recipes may not call any.
  const { default: sharp } = await import("sharp");
  const png = await sharp(data, { raw: { width, height, channels: 3 } }).png().toBuffer();
  return { width, height, png: new Uint8Array(png) };
}

function paste(
  { data, width, height }: Pixels,
  into: Uint8Array,
  across: number,
  left: number,
  top: number,
): void {
  for (let y = 0; y < height; y++) {
    into.set(data.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * across + left) * 3);
  }
}
