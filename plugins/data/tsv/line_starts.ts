/**
 * Where the lines of a file begin: from its `.lineidx`, or by looking for their ends.
 *
 * @module
 */
import { NoFileError, ProgressLine, quoted, readRegular, RunError } from "@seed/core";

const NEWLINE = 10;
/** An index of more bytes than this has more lines than there are images anywhere. */
const MAX_INDEX_BYTES = 1 << 30;
/** Read at once when a file has no index. */
const CHUNK = 4 << 20;

/** The name of a file's index: `train.lineidx` for `train.tsv`. */
export function lineIndexOf(path: string): string {
  return path.replace(/\.[^./\\]*$/, "") + ".lineidx";
}

/**
 * Reads an index: the first byte of each line, a number a line.
 *
 * @param size Of the file that it is of.
 * @returns null if there is no index.
 * @throws {RunError} With the line, if its numbers do not go up from 0 within the file.
 */
export async function readLineIndex(path: string, size: number): Promise<number[] | null> {
  const bytes = await readRegular(path, MAX_INDEX_BYTES, "an index").catch((error) => {
    if (error instanceof NoFileError) return null;
    throw error;
  });
  if (bytes === null) return null;
  const starts: number[] = [], text = new TextDecoder().decode(bytes).trimEnd();
  for (const match of text.matchAll(/[^\n]+|(?<=\n)(?=\n)/g)) {
    const line = match[0].trim(), start = Number(line), last = starts.at(-1) ?? -1;
    const isNext = starts.length === 0 ? start === 0 : start > last && start < size;
    if (!/^\d+$/.test(line) || !isNext) {
      throw new RunError(
        `${path}:${starts.length + 1}: found ${quoted(line, 40)}, expected the first byte of a line, ` +
          `${
            starts.length === 0 ? "0" : `more than ${last} and less than ${size}`
          }; remove the index to have it made anew`,
      );
    }
    starts.push(start);
  }
  if (starts.length > 0 || size === 0) return starts;
  throw new RunError(
    `The index "${path}" is empty, expected the first byte of each line; remove it to have it made anew`,
  );
}

/** Reads a whole file for the ends of its lines. */
export async function findLines(file: Deno.FsFile, signal: AbortSignal): Promise<number[]> {
  const starts: number[] = [], buffer = new Uint8Array(CHUNK), { size } = await file.stat();
  await file.seek(0, Deno.SeekMode.Start);
  if (size > 0) starts.push(0);
  using progress = new ProgressLine("Looking for lines", { total: size, unit: "bytes" });
  for (let at = 0, count; (count = await file.read(buffer)) !== null; at += count) {
    signal.throwIfAborted();
    progress.update(at + count);
    for (let end = buffer.indexOf(NEWLINE); end >= 0 && end < count; end = buffer.indexOf(NEWLINE, end + 1)) {
      if (at + end + 1 < size) starts.push(at + end + 1);
    }
  }
  return starts;
}
