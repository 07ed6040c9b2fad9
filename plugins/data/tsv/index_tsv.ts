/**
 * The images of a file with a line an image, as SEED's code reads them: a name, a label, and the encoded image in
 * base64, with tabs between; or without the name. The label is in the second column where there are three or more, and
 * the image in the last.
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
/** Bytes of a line that are looked at for the tabs: most names and labels are short. */
const LOOKED_AT = [64, 4096];
/** Read at once of the last line. */
const CHUNK = 1 << 20;
/** Lines between two moments at which Ctrl-C is heard. */
const PAUSE_EVERY = 4096;

const EXPECTED = "lines of name, tab, label, tab, image, or of label, tab, image";

/**
 * Finds the images and labels; of the images only the beginnings of their lines are read if there is a `.lineidx`, but
 * for the first line: how many columns it has, all have.
 *
 * @throws {RunError} With the line, if one has too few tabs, no image, or no label where others have one; if the index
 * does not fit; if the file ends within an image.
 */
export async function indexTsv(path: string, signal: AbortSignal): Promise<PackedImages> {
  using file = await openRegular(path);
  const { size } = await file.stat();
  if (size === 0) throw new RunError(`The file "${path}" is empty, expected ${EXPECTED}`);
  const other = otherFormat(readRange(file, 0, Math.min(512, size), path));
  if (other) throw new RunError(`The file "${path}" is ${other}, expected ${EXPECTED}`);
  const starts = await readLineIndex(lineIndexOf(path), size) ?? await findLines(file, signal);
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
  /** Tabs of each line, at least one. */
  readonly #tabs: number;

  constructor(
    private readonly file: Deno.FsFile,
    private readonly path: string,
    private readonly size: number,
    private readonly starts: readonly number[],
  ) {
    this.#endsInNewline = this.#read(size - 1, 1)[0] === NEWLINE;
    this.#tabs = Math.max(1, this.#tabsOfFirst());
  }

  /** A line's label, and where its image lies. */
  read(i: number): { label: string; offset: number; length: number } {
    const start = this.starts[i];
    if (i > 0 && this.#read(start - 1, 1)[0] !== NEWLINE) {
      throw this.fault(i, `begins within another; ${this.#advice}`);
    }
    const columns = this.#columns(i), label = columns.length === 1 ? columns[0] : columns[1];
    const offset = columns.reduce((at, { length }) => at + length + 1, start), length = this.#end(i) - offset;
    if (length <= 0) throw this.fault(i, "has no image after the last tab");
    if (length > MAX_IMAGE_BYTES) {
      throw this.fault(i, `has ${length} bytes, expected at most ${MAX_IMAGE_BYTES} of an image`);
    }
    const text = this.#decode(i, label), isFirst = i === 0 && label === columns[0];
    return { label: isFirst ? text.replace(/^\ufeff/, "") : text, offset, length }; // some editors write a mark first
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

  /** What is before the image: name and label, or the label alone. */
  #columns(i: number): Uint8Array[] {
    const start = this.starts[i], longest = this.#end(i) - start;
    for (const most of LOOKED_AT) {
      const bytes = this.#read(start, Math.min(most, longest)), columns: Uint8Array[] = [];
      for (let at = 0, tab; columns.length < this.#tabs; at = tab + 1) {
        tab = bytes.indexOf(TAB, at);
        if (tab < 0) break;
        columns.push(bytes.subarray(at, tab));
      }
      if (columns.length === this.#tabs) return columns;
    }
    const few = this.#tabs === 1 ? "no tab" : `fewer than ${this.#tabs} tabs, as the first line has them,`;
    throw this.fault(i, `has ${few} among its first ${LOOKED_AT[1]} bytes, expected ${EXPECTED}`);
  }

  /** Base64 has none, but all of the line has to be seen to know. */
  #tabsOfFirst(): number {
    const end = Math.min(this.#end(0), MAX_IMAGE_BYTES);
    let tabs = 0;
    for (let at = 0; at < end; at += CHUNK) {
      const bytes = this.#read(at, Math.min(CHUNK, end - at)), newline = bytes.indexOf(NEWLINE);
      for (const byte of newline < 0 ? bytes : bytes.subarray(0, newline)) if (byte === TAB) tabs++;
      if (newline >= 0) break; // the index is wrong; {@link checkLast} tells
    }
    return tabs;
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
