import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { writeAtomically } from "../files/atomic_file.ts";
import { RunError } from "../errors.ts";
import { ProgressLine } from "../text/progress_line.ts";

/**
 * Unpacks a gzip file; the new one is there whole or not at all.
 *
 * @param maxBytes A file that becomes larger is refused: a small one can unpack to more than the disk holds.
 * @throws {RunError} If it is damaged, cut short, or larger than that.
 */
export async function gunzipFile(path: string, into: string, maxBytes: number): Promise<void> {
  try {
    await writeAtomically(into, unpack(path, maxBytes));
  } catch (error) {
    // What zlib says of bytes that are no gzip, or end too early.
    const { code, message } = error as Error & { code?: string };
    if (!code?.startsWith("Z_")) throw error;
    throw new RunError(`The file "${path}" is no whole gzip file: ${message}`, { cause: error });
  }
}

async function* unpack(path: string, maxBytes: number): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  pipeline(createReadStream(path), gunzip, () => {}); // errors come out of the loop
  let size = 0;
  using progress = new ProgressLine("Unpacking", { total: null, unit: "bytes" });
  for await (const chunk of gunzip) {
    progress.update(size += chunk.length);
    if (size > maxBytes) {
      throw new RunError(
        `The file "${path}" unpacks to more than ${maxBytes} bytes; it is not the expected one`,
      );
    }
    yield chunk;
  }
}
