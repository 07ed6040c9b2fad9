/**
 * Folders in the cache that must not grow for ever. What was used longest ago goes first; a file's time of change says
 * when it was used, as not all systems keep the time of the last reading.
 *
 * Several processes may do all of this at once. A file is removed whole: who has opened it before reads it to its end,
 * who comes later finds none.
 *
 * @module
 */
import { join } from "node:path";
import { removeLeftovers } from "./atomic_file.ts";
import { isOfSystem } from "./writing.ts";

/** Notes that a file was used. Of a cache that may only be read, it is not noted. */
export async function markUsed(path: string): Promise<void> {
  const now = new Date();
  await Deno.utime(path, now, now).catch((error) => {
    if (!isOfSystem(error)) throw error;
  });
}

/**
 * Removes files, those used longest ago first, until the others have `most` bytes at most; and what dead processes have
 * left half written. Files of other names are neither counted nor removed.
 *
 * @param ending How the names of the files end.
 * @throws if the operating system does not let a file be removed.
 */
export async function boundFolder(
  folder: string,
  { most, ending }: { most: number; ending: string },
): Promise<void> {
  await removeLeftovers(folder, false);
  const files = await filesIn(folder, ending);
  let bytes = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files.sort((a, b) => a.used - b.used)) {
    if (bytes <= most) return;
    await Deno.remove(path).catch(ignoreMissing);
    bytes -= size;
  }
}

async function filesIn(folder: string, ending: string) {
  const files: { path: string; size: number; used: number }[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile || !name.endsWith(ending)) continue;
    const path = join(folder, name), info = await Deno.stat(path).catch(ignoreMissing);
    if (info) files.push({ path, size: info.size, used: info.mtime?.getTime() ?? 0 });
  }
  return files;
}

/** Another process has removed it. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
