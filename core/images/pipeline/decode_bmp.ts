import type { Pixels } from "../../interfaces/augmenter.ts";
import { type BmpHeader, type Packing, readBmpHeader } from "./bmp_header.ts";
import { unpackRle } from "./bmp_rle.ts";

/**
 * Decodes a BMP to what PIL makes of it: palettes of 1, 4 and 8 bits, also run-length encoded, colours of 16, 24 and
 * 32 bits, rows from below or from above. Alpha is dropped.
 *
 * @throws {Error} If it is truncated or damaged, of a kind that is not read, or too large.
 */
export function decodeBmp(bytes: Uint8Array): Pixels {
  const header = readBmpHeader(bytes), { width, height, bits, start, isRle } = header;
  const data = bytes.subarray(start), stride = 4 * Math.ceil(width * bits / 32);
  // The last row's filling may be left out.
  const least = (height - 1) * stride + Math.ceil(width * bits / 8);
  if (!isRle && data.length < least) throw new Error("The BMP is truncated");
  const pixels = new Uint8Array(3 * width * height);
  const rows = isRle
    ? { indices: unpackRle(data, header), stride: width, bits: 8 }
    : { indices: data, stride, bits };
  for (let y = 0; y < height; y++) {
    const from = rows.indices.subarray(y * rows.stride);
    const to = pixels.subarray(3 * width * (header.isTopDown ? y : height - 1 - y));
    if (header.packing) unpackColors(from, to, width, bits, header.packing);
    else lookUp(from, to, { ...header, bits: rows.bits });
  }
  return { data: pixels, width, height };
}

function lookUp(
  indices: Uint8Array,
  to: Uint8Array,
  { width, bits, palette }: Pick<BmpHeader, "width" | "bits" | "palette">,
): void {
  const mask = (1 << bits) - 1;
  for (let x = 0; x < width; x++) {
    const bit = x * bits, index = indices[bit >> 3] >> (8 - bits - (bit & 7)) & mask;
    for (let c = 0; c < 3; c++) to[3 * x + c] = palette[3 * index + c];
  }
}

function unpackColors(from: Uint8Array, to: Uint8Array, width: number, bits: number, packing: Packing): void {
  const bytes = bits / 8;
  for (let x = 0; x < width; x++) {
    const at = x * bytes;
    if (bits === 16) {
      const word = from[at] | from[at + 1] << 8;
      packing.forEach(([shift, size], c) => {
        const most = (1 << size) - 1;
        to[3 * x + c] = Math.floor((word >> shift & most) * 255 / most);
      });
    } else for (let c = 0; c < 3; c++) to[3 * x + c] = from[at + packing[c][0] / 8];
  }
}
