import type { BmpHeader } from "./bmp_header.ts";

const END_OF_LINE = 0, END_OF_BITMAP = 1, DELTA = 2;

/**
 * Unpacks run-length encoded indices as PIL does.
 *
 * @returns `[height, width]` indices, in the file's order of rows.
 * @throws {Error} If they end before the last pixel.
 */
export function unpackRle(data: Uint8Array, { width, height, bits, start }: BmpHeader): Uint8Array {
  const all = new Uint8Array(width * height), isNibbles = bits === 4;
  const nibble = (byte: number, i: number) => isNibbles ? (i % 2 ? byte & 15 : byte >> 4) : byte;
  let at = 0, filled = 0, x = 0;
  while (filled < all.length && at + 2 <= data.length) {
    const count = data[at++], value = data[at++];
    if (count > 0) {
      // What does not fit into the row is left out.
      const taken = Math.min(count, Math.max(0, width - x), all.length - filled);
      for (let i = 0; i < taken; i++) all[filled++] = nibble(value, i);
      x += taken;
    } else if (value === END_OF_LINE) {
      filled = width * Math.ceil(filled / width), x = 0;
    } else if (value === END_OF_BITMAP) {
      break;
    } else if (value === DELTA) {
      if (at + 2 > data.length) break;
      filled = Math.min(all.length, filled + data[at] + width * data[at + 1]);
      at += 2, x = filled % width;
    } else {
      const taken = Math.min(value, all.length - filled), bytes = isNibbles ? Math.ceil(taken / 2) : taken;
      if (at + bytes > data.length) break;
      for (let i = 0; i < taken; i++) all[filled++] = nibble(data[at + (isNibbles ? i >> 1 : i)], i);
      at += bytes, x += value;
      if ((start + at) % 2) at++; // runs begin at an even place of the file
    }
  }
  if (filled < all.length) throw new Error("The BMP is truncated");
  return all;
}
