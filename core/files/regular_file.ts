/**
 * Looks at what a name leads to before it is opened: opening a pipe waits for a writer, for ever if there is none, and
 * a device may have no end.
 *
 * @module
 */
import { RunError } from "../errors.ts";
import { quoted } from "../text/printable.ts";

/**
 * Makes sure that a name leads to a file with a beginning and an end.
 *
 * @throws {NoFileError} If there is none.
 * @throws {RunError} If it is something else, or a link to nothing: the message says what.
 */
export async function requireRegularFile(path: string): Promise<Deno.FileInfo> {
  let info;
  try {
    info = await Deno.stat(path);
  } catch (error) {
    throw explain(path, error as Error, await Deno.readLink(path).catch(() => null));
  }
  return checked(path, info);
}

/** There is nothing of a name, not even a link. */
export class NoFileError extends RunError {}

/**
 * Opens a file to read it, if it is one with a beginning and an end: looked at before, so that no pipe is opened, and
 * again when it is open, as something else may have taken its name.
 *
 * @throws {NoFileError} If there is none.
 * @throws {RunError} If it is something else, or cannot be read.
 */
export async function openRegular(path: string): Promise<Deno.FsFile> {
  await requireRegularFile(path);
  const file = await Deno.open(path).catch((error) => {
    throw explain(path, error, null);
  });
  return checkedOpen(path, file);
}

/** The same, where nothing can be waited for. */
export function openRegularSync(path: string): Deno.FsFile {
  requireRegularFileSync(path);
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path);
  } catch (error) {
    throw explain(path, error as Error, null);
  }
  return checkedOpen(path, file);
}

/**
 * Reads a whole file.
 *
 * @param most Bytes that it may have: what is larger is not what was meant, or would not fit into the memory.
 * @param what It should be, for errors.
 * @throws {NoFileError} If there is none.
 * @throws {RunError} If it is something else or larger, or cannot be read.
 */
export async function readRegular(
  path: string,
  most: number,
  what = "a file",
): Promise<Uint8Array<ArrayBuffer>> {
  const { size } = await requireRegularFile(path);
  if (size > most) {
    throw new RunError(`The file ${named(path)} has ${size} bytes, expected ${what} of at most ${most}`);
  }
  return await Deno.readFile(path).catch((error) => {
    throw explain(path, error, null);
  });
}

function checkedOpen(path: string, file: Deno.FsFile): Deno.FsFile {
  try {
    checked(path, file.statSync());
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The same as {@link requireRegularFile}, where nothing can be waited for. */
export function requireRegularFileSync(path: string): Deno.FileInfo {
  let info;
  try {
    info = Deno.statSync(path);
  } catch (error) {
    throw explain(path, error as Error, readLink(path));
  }
  return checked(path, info);
}

function readLink(path: string): string | null {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return null; // no link
  }
}

function checked(path: string, info: Deno.FileInfo): Deno.FileInfo {
  if (info.isFile) return info;
  const what = info.isDirectory
    ? "folder"
    : info.isFifo
    ? "pipe"
    : info.isSocket
    ? "socket"
    : info.isCharDevice || info.isBlockDevice
    ? "device"
    : "thing of another kind";
  throw new RunError(`${named(path)} is a ${what}, expected a file`);
}

function explain(path: string, error: Error, target: string | null): RunError {
  const tell = (message: string) => new RunError(message, { cause: error });
  if (error instanceof Deno.errors.NotFound) {
    if (target !== null) return tell(`The link ${named(path)} leads to ${named(target)}, which is not there`);
    // What the system gave was no UTF-8, and was replaced when it was read: no name leads to the file any more.
    if (path.includes("\ufffd")) return tell(`The name ${named(path)} is not UTF-8; rename the file`);
    return new NoFileError(`There is no file ${named(path)}`, { cause: error });
  }
  if (/too many (levels of )?symbolic links/i.test(error.message)) {
    return tell(`The link ${named(path)} leads to itself`);
  }
  return tell(`Cannot read ${named(path)}: ${error.message}`);
}

const named = (path: string) => quoted(path, 300);
