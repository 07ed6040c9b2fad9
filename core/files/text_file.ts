import { RunError } from "../errors.ts";
import { requireRegularFile } from "./regular_file.ts";

/**
 * The text of a file; null if there is nothing of that name.
 *
 * @throws {RunError} If it is no file, or cannot be read.
 */
export async function readTextIfThere(path: string): Promise<string | null> {
  const isThere = await Deno.lstat(path).then(
    () => true,
    (error) => !(error instanceof Deno.errors.NotFound),
  );
  if (!isThere) return null;
  await requireRegularFile(path);
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new RunError(`Cannot read "${path}": ${(error as Error).message}`, { cause: error });
  }
}
