/**
 * The images of a file with a line an image: a label, a tab, and the encoded image in base64.
 *
 * @module
 */
import { basename } from "node:path";
import {
  LabelCollector,
  MAX_IMAGE_BYTES,
  openRegular,
  otherFormat,
  type PackedImages,
  PackedImagesBuilder,
  ProgressLine,
  readRange,
  RunError,
} from "@seed/core";
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
  using file = await openRegular(path);
  const { size } = await file.stat();
  const other = size > 0 ? otherFormat(readRange(file, 0, Math.min(512, size), path)) : null;
  if (other) throw new RunError(`The file "${path}" is ${other}, expected lines of label, tab, image`);
  const starts = await readLineIndex(lineIndexOf(path), size) ?? await findLines(file, signal);
  if (starts.length === 0) {
    throw new RunError(`The file "${path}" is empty, expected lines of label, tab, image`);
  }
  const lines = new Lines(file, path, size, starts);
  const images = new PackedImagesBuilder(), labels = new LabelCollector();
  using progress = new ProgressLine(`Indexing ${basename(path)}`, { total: starts.length, unit: "images" });
  for (let i = 0; i < starts.length; i++) {
    const { label, offset, length } = lines.read(i), problem = labels.push(label);
    if (problem) throw lines.fault(i, problem);
    images.push({ name: `${i + 1}`, offset, length, label: null });
    progress.update(i + 1);
    if (i % PAUSE_EVERY === 0) await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
  }
  lines.checkLast();
  return images.finish(labels.finish());
}

/** Lines of an open file, by where they begin. */
class Lines {
  readonly #endsInNewline: boolean;

  constructor(
    private readonly file: Deno.FsFile,
    private readonly path: string,
    private readonly size: number,
    private readonly starts: readonly number[],
  ) {
    this.#endsInNewline = this.#read(size - 1, 1)[0] === NEWLINE;
  }

  /** A line's label, and where its image lies. */
  read(i: number): { label: string; offset: number; length: number } {
    const start = this.starts[i];
    if (i > 0 && this.#read(start - 1, 1)[0] !== NEWLINE) {
      throw this.fault(i, `begins within another; ${this.#advice}`);
    }
    const label = this.#labelBytes(i), offset = start + label.length + 1, length = this.#end(i) - offset;
    if (length <= 0) throw this.fault(i, "has no image after the tab");
    if (length > MAX_IMAGE_BYTES) {
      throw this.fault(i, `has ${length} bytes, expected at most ${MAX_IMAGE_BYTES} of an image`);
    }
    const text = this.#decode(i, label);
    return { label: i === 0 ? text.replace(/^\ufeff/, "") : text, offset, length }; // some editors write a mark first
  }

  /** The last line ends with the file: not before, as by an index that is too short, nor within its image. */
  checkLast(): void {
    const last = this.starts.length - 1, end = this.#end(last), { offset, length } = this.read(last);
    for (let at = offset; at < end; at += CHUNK) {
      if (!this.#read(at, Math.min(CHUNK, end - at)).includes(NEWLINE)) continue;
      throw this.fault(last, `is the last that "${this.#indexName}" has, but others follow; ${this.#advice}`);
    }
    // Base64 comes in fours.
    if (this.#endsInNewline || length % 4 === 0) return;
    throw this.fault(last, "ends within its image: the file was cut short");
  }

  fault(i: number, what: string): RunError {
    return new RunError(`${this.path}:${i + 1}: the line at byte ${this.starts[i]} ${what}`);
  }

  get #indexName(): string {
    return basename(lineIndexOf(this.path));
  }

  get #advice(): string {
    return `remove "${this.#indexName}" to have it made anew`;
  }

  #end(i: number): number {
    return i + 1 < this.starts.length ? this.starts[i + 1] - 1 : this.size - (this.#endsInNewline ? 1 : 0);
  }

  #labelBytes(i: number): Uint8Array {
    const start = this.starts[i], longest = this.#end(i) - start;
    for (const most of LOOKED_AT) {
      const bytes = this.#read(start, Math.min(most, longest)), tab = bytes.indexOf(TAB);
      if (tab >= 0) return bytes.subarray(0, tab);
    }
    throw this.fault(i, `has no tab among its first ${LOOKED_AT[1]} bytes, expected label, tab, image`);
  }

  #decode(i: number, label: Uint8Array): string {
    try {
      return UTF8.decode(label);
    } catch {
      throw this.fault(i, "has a label that is not UTF-8");
    }
  }

  #read(at: number, length: number): Uint8Array {
    return readRange(this.file, at, length, this.path);
  }
}
