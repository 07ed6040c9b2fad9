import { join } from "node:path";

/** Bytes of all files below a folder; of a link its own. */
export async function folderSize(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    bytes += isDirectory ? await folderSize(path) : (await Deno.lstat(path)).size;
  }
  return bytes;
}
