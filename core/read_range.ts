import { RunError } from "./errors.ts";

/**
 * Reads a part of an open file.
 *
 * @param path For the error.
 * @throws {RunError} If the file ends before.
 */
export async function readRange(
  file: Deno.FsFile,
  offset: number,
  length: number,
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  await file.seek(offset, Deno.SeekMode.Start);
  for (let at = 0; at < length;) {
    const count = await file.read(bytes.subarray(at));
    if (count === null) {
      throw new RunError(`The file "${path}" ended while it was read: it was cut short meanwhile`);
    }
    at += count;
  }
  return bytes;
}
