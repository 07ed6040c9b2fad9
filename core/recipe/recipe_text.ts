/**
 * The text of a recipe's file. What is given as a recipe may be anything: a device that never ends, a pipe that nobody
 * writes to, a picture, a file in another encoding.
 *
 * @module
 */
import { RunError, UsageError } from "../errors.ts";
import { quoted } from "../text/printable.ts";

/** In bytes; the recipes that come with SEED have less than 2,000, and parsing this many takes a second at worst. */
const MOST_BYTES = 1 << 18;

/**
 * Reads a recipe's file.
 *
 * @param missing Makes the error if there is none.
 * @throws {UsageError} If it is no text file that could be a recipe.
 * @throws {RunError} If it cannot be read.
 */
export async function readRecipeText(path: string, missing: () => UsageError): Promise<string> {
  const name = `The recipe ${quoted(path, MOST_NAME)}`;
  return textOf(await readBytes(path, missing), name);
}

const MOST_NAME = 300;

async function readBytes(path: string, missing: () => UsageError): Promise<Uint8Array> {
  try {
    const { isFile, isDirectory } = await Deno.stat(path);
    if (isDirectory) throw new Error("it is a folder; name the .yaml file in it");
    if (!isFile) throw new Error("it is a pipe or a device; save it as a file");
    return await firstBytes(path, MOST_BYTES + 1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) throw missing();
    throw new RunError(`Cannot read the recipe ${quoted(path, MOST_NAME)}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** The size that a file tells is no bound: some of the system's files tell none. */
async function firstBytes(path: string, most: number): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(most);
  let length = 0;
  for (let read: number | null = 0; read !== null && length < most; length += read ?? 0) {
    read = await file.read(bytes.subarray(length));
  }
  return bytes.subarray(0, length);
}

function textOf(bytes: Uint8Array, name: string): string {
  if (bytes.length > MOST_BYTES) {
    throw new UsageError(`${name} has more than ${MOST_BYTES / 1024} kB, the most that a recipe may have`);
  }
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe || first === 0xfe && second === 0xff) {
    throw new UsageError(`${name} is text in UTF-16, expected UTF-8; save it as UTF-8`);
  }
  const zero = bytes.indexOf(0);
  if (zero >= 0) {
    throw new UsageError(`${name} is no text: line ${lineOf(bytes, zero)} holds a byte of 0`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${name} is not text in UTF-8: see line ${firstBadLine(bytes)}; save it as UTF-8`);
  }
}

const NEWLINE = 10;

function lineOf(bytes: Uint8Array, offset: number): number {
  return bytes.subarray(0, offset).reduce((line, byte) => byte === NEWLINE ? line + 1 : line, 1);
}

/** Number of the first line that does not decode, from 1. */
function firstBadLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let line = 1, start = 0;; line++) {
    const end = bytes.indexOf(NEWLINE, start);
    try {
      decoder.decode(bytes.subarray(start, end < 0 ? bytes.length : end));
    } catch {
      return line;
    }
    if (end < 0) return line;
    start = end + 1;
  }
}
