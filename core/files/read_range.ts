import { RunError } from "../errors.ts";

/**
 * Reads a part of an open file. Synchronous: what reads by range works on what it reads at once.
 *
 * @param path For the error.
 * @throws {RunError} If the file ends before.
 */
export function readRange(
  file: Deno.FsFile,
  offset: number,
  length: number,
  path: string,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  file.seekSync(offset, Deno.SeekMode.Start);
  for (let at = 0; at < length;) {
    const count = file.readSync(bytes.subarray(at));
    if (count === null) {
      throw new RunError(
        `The file "${path}" ends before byte ${offset + length}: it was cut short, or changed since`,
      );
    }
    at += count;
  }
  return bytes;
}
