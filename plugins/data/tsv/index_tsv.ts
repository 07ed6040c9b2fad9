/**
 * The images of a file with a line an image: a label, a tab, and the encoded image in base64.
 *
 * @module
 */
import { basename } from "node:path";
import { LabelCollector, type PackedImages, PackedImagesBuilder, readRange, RunError } from "@seed/core";
import { findLines, lineIndexOf, readLineIndex } from "./line_starts.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const NEWLINE = 10, TAB = 9;
/** Bytes of a line that are looked at for the tab: most labels are short. */
const LOOKED_AT = [64, 4096];
/** Read at once of the last line. */
const CHUNK = 1 << 20;
/** Lines between two moments at which Ctrl-C is heard. */
const PAUSE_EVERY = 4096;

/**
 * Finds the images and labels; of the images only the beginnings of their lines are read if there is a `.lineidx`.
 *
 * @throws {RunError} With the line, if one has no tab, no image, or no label where others have one; if the index
 * does not fit; if the file ends within an image.
 */
export async function indexTsv(path: string, signal: AbortSignal): Promise<PackedImages> {
  using file = await Deno.open(path);
  const { size } = await file.stat(), index = lineIndexOf(path);
  const starts = await readLineIndex(index, size) ?? await findLines(file, signal);
  if (starts.length === 0) {
    throw new RunError(`The file "${path}" is empty, expected lines of label, tab, image`);
  }
  const images = new PackedImagesBuilder(), labels = new LabelCollector(), last = endOf(file, path, size);
  for (const [i, start] of starts.entries()) {
    const isLast = i === starts.length - 1, end = isLast ? last : starts[i + 1] - 1;
    const fault = (what: string) => new RunError(`${path}:${i + 1}: the line at byte ${start} ${what}`);
    if (i > 0 && readRange(file, start - 1, 1, path)[0] !== NEWLINE) {
      throw fault(`begins within another; remove "${basename(index)}" to have it made anew`);
    }
    const label = labelAt(file, path, start, end);
    if (label === null) {
      throw fault(`has no tab among its first ${LOOKED_AT[1]} bytes, expected label, tab, image`);
    }
    const offset = start + label.length + 1, length = end - offset;
    if (length <= 0) throw fault("has no image after the tab");
    if (length > 0xffffffff) throw fault(`has ${length} bytes, too many for an image`);
    if (isLast && hasNewline(file, path, offset, end)) {
      throw fault(`is the last of "${basename(index)}", but others follow; remove that to have it made anew`);
    }
    // Without a newline at its end the file may be cut; base64 comes in fours.
    if (isLast && end === size && length % 4 !== 0) {
      throw fault("ends within its image: the file was cut short");
    }
    const problem = labels.push(textOf(label, fault));
    if (problem) throw fault(problem);
    images.push({ name: `${i + 1}`, offset, length, label: null });
    if (i % PAUSE_EVERY === 0) await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
  }
  return images.finish(labels.finish());
}

/** Where the last line ends. */
function endOf(file: Deno.FsFile, path: string, size: number): number {
  return readRange(file, size - 1, 1, path)[0] === NEWLINE ? size - 1 : size;
}

function hasNewline(file: Deno.FsFile, path: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += CHUNK) {
    if (readRange(file, at, Math.min(CHUNK, end - at), path).includes(NEWLINE)) return true;
  }
  return false;
}

/** Null: there is no tab. */
function labelAt(file: Deno.FsFile, path: string, start: number, end: number): Uint8Array | null {
  for (const most of LOOKED_AT) {
    const bytes = readRange(file, start, Math.min(most, end - start), path), tab = bytes.indexOf(TAB);
    if (tab >= 0) return bytes.subarray(0, tab);
  }
  return null;
}

function textOf(bytes: Uint8Array, fault: (what: string) => RunError): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw fault("has a label that is not UTF-8");
  }
}
