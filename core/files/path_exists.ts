/**
 * What is at a path. But for {@link statIfThere}, whatever cannot be looked at counts as not there.
 *
 * @module
 */
import { RunError } from "../errors.ts";

/**
 * What is at a path, links followed; null if nothing is.
 *
 * @throws {RunError} If it cannot be looked at, as where a folder on the way may not be entered.
 */
export async function statIfThere(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    throw new RunError(`Cannot read "${path}": ${(error as Error).message}`, { cause: error });
  }
}

/** Whether there is anything; links are followed. */
export async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Whether there is a file. */
export async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isFile, () => false);
}

/** Whether there is a folder. */
export async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isDirectory, () => false);
}
