import { writeAtomically } from "../files/atomic_file.ts";
import type { Rows } from "../evaluation/embed_images.ts";

/** Bytes that the values are aligned to. */
const ALIGNMENT = 64;

/**
 * Writes a float32 matrix as NumPy's `.npy` (format 1.0), batch by batch; the file is there whole or not at all.
 *
 * @param rows How many rows the batches have together.
 * @throws {RangeError} If they have another number of rows, or differ in width.
 */
export async function writeNpy(path: string, rows: number, batches: AsyncIterable<Rows>): Promise<void> {
  await writeAtomically(path, chunks(rows, batches));
}

async function* chunks(rows: number, batches: AsyncIterable<Rows>): AsyncGenerator<Uint8Array> {
  let width: number | null = null, written = 0;
  for await (const { values, dim } of batches) {
    if (width === null) yield header(rows, width = dim);
    if (dim !== width) throw new RangeError(`Rows of ${dim} values after rows of ${width}`);
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    written += values.length / dim;
  }
  if (written !== rows) throw new RangeError(`Got ${written} rows, expected ${rows}`);
}

function header(rows: number, dim: number): Uint8Array {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dim}), }`;
  // Magic, version and length take ten bytes, the closing newline one.
  const padding = (ALIGNMENT - (10 + description.length + 1) % ALIGNMENT) % ALIGNMENT;
  const text = `${description}${" ".repeat(padding)}\n`;
  const bytes = new Uint8Array(10 + text.length);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, text.length & 0xff, text.length >> 8]);
  bytes.set(new TextEncoder().encode(text), 10);
  return bytes;
}
