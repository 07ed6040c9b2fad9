/**
 * Files that are there whole or not at all: written beside the target under a temporary name, synced to the disk,
 * and renamed. Nobody can guess the name, and a file or a link of that name is never opened: in a folder that others
 * write too, nobody can have it lead elsewhere.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";

/** A file that nobody has written to for so long, in milliseconds, has no process any more that writes it. */
const DEAD_AFTER = 24 * 3600 * 1000;

/** Whether a file's name is one that a file has while it is written. */
export function isTemporary(name: string): boolean {
  return /\.\d+-[0-9a-f]+\.tmp$/.test(name);
}

/** Writes `chunks`, one after the other, as the new content of `path`. */
export async function writeAtomically(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = temporaryOf(path);
  using file = await Deno.open(temporary, { write: true, createNew: true });
  try {
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
  using file = Deno.openSync(temporary, { write: true, createNew: true });
  try {
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
  return `${path}.${Deno.pid}-${crypto.getRandomValues(new Uint8Array(8)).toHex()}.tmp`;
}

/** Writes a text file. */
export async function writeTextAtomically(path: string, text: string): Promise<void> {
  await writeAtomically(path, [new TextEncoder().encode(text)]);
}

/**
 * Removes what processes that died have left half written in a folder of ours. Of a folder that others may be writing
 * into, on this machine or another, only what nobody has touched for a day.
 *
 * @param isOurs The folder is locked by this process: whatever is temporary is a dead one's.
 */
export async function removeLeftovers(folder: string, isOurs: boolean): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (!isTemporary(name)) continue;
    const path = join(folder, name);
    const isDead = isOurs || await Deno.lstat(path).then(
      ({ mtime }) => mtime !== null && Date.now() - mtime.getTime() > DEAD_AFTER,
      () => false,
    );
    // Another process may be at the same.
    if (isDead) await Deno.remove(path).catch(ignoreMissing);
  }
}

/** The same of one file, of which this process alone is the writer, for where nothing can be waited for. */
export function removeLeftoversOfSync(path: string): void {
  for (const { name } of Deno.readDirSync(dirname(path))) {
    if (isTemporary(name) && name.startsWith(`${basename(path)}.`)) {
      Deno.removeSync(join(dirname(path), name));
    }
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
