import assert from "node:assert/strict";

/** Reads a float32 matrix in NumPy's format, with a reader that knows nothing of our writer. */
export async function readNpy(path: string): Promise<{ rows: number; dim: number; values: Float32Array }> {
  const bytes = await Deno.readFile(path), start = 10 + (bytes[8] | bytes[9] << 8);
  const header = new TextDecoder().decode(bytes.subarray(0, start)).slice(1);
  assert.match(header, /^NUMPY/);
  assert.match(header, /'descr': '<f4', 'fortran_order': False/);
  const [, rows, dim] = header.match(/'shape': \((\d+), (\d+)\)/)!.map(Number);
  const values = new Float32Array(bytes.slice(start).buffer);
  assert.equal(values.length, rows * dim);
  return { rows, dim, values };
}
