/**
 * Files that are there whole or not at all: written beside the target under a temporary name, synced to the disk,
 * and renamed.
 *
 * @module
 */

/** Number of the next temporary file: two writers of one process do not share one. */
let count = 0;

/** Whether a file's name is one that a file has while it is written. */
export function isTemporary(name: string): boolean {
  return /\.\d+-\d+\.tmp$/.test(name);
}

/** Writes `chunks`, one after the other, as the new content of `path`. */
export async function writeAtomically(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = temporaryOf(path);
  try {
    using file = await Deno.open(temporary, { write: true, create: true, truncate: true });
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
    }
    await file.sync();
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {}); // the first error is the one to report
    throw error;
  }
}

/** Writes `bytes` as the new content of `path`, for where nothing can be waited for. */
export function writeAtomicallySync(path: string, bytes: Uint8Array): void {
  const temporary = temporaryOf(path);
  try {
    using file = Deno.openSync(temporary, { write: true, create: true, truncate: true });
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    file.syncSync();
    Deno.renameSync(temporary, path);
  } catch (error) {
    try {
      Deno.removeSync(temporary);
    } catch { /* the first error is the one to report */ }
    throw error;
  }
}

function temporaryOf(path: string): string {
  return `${path}.${Deno.pid}-${count++}.tmp`;
}

/** Writes a text file. */
export async function writeTextAtomically(path: string, text: string): Promise<void> {
  await writeAtomically(path, [new TextEncoder().encode(text)]);
}
