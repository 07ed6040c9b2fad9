/** Codes of up to so many bits are looked up. */
const LOOKUP_BITS = 9;

/** Where things are in a table: see `kernels/assembly/jpeg_scan.ts`. */
const LIMITS = 1024, OFFSETS = 1096, SYMBOLS = 1168, BYTES = SYMBOLS + 256;

/**
 * A Huffman table as the kernels want it.
 *
 * @param counts How many codes there are of each length, from 1 to 16 bits.
 * @param symbols What the codes stand for, at most 256.
 * @returns null if there are more codes than a length has room for.
 */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array): Uint8Array | null {
  const table = new Uint8Array(BYTES), lookup = new Uint16Array(table.buffer, 0, 1 << LOOKUP_BITS);
  const limits = new Int32Array(table.buffer, LIMITS, 18),
    offsets = new Int32Array(table.buffer, OFFSETS, 18);
  let code = 0, place = 0;
  for (let length = 1; length <= 16; length++) {
    offsets[length] = place - code;
    for (let i = 0; i < counts[length - 1]; i++, code++, place++) {
      if (length > LOOKUP_BITS) continue;
      const spare = LOOKUP_BITS - length;
      lookup.fill((length << 8) | symbols[place], code << spare, (code + 1) << spare);
    }
    if (code > 1 << length) return null;
    limits[length] = code;
    code <<= 1;
  }
  table.set(symbols, SYMBOLS);
  return table;
}
