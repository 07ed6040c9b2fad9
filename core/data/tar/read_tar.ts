/**
 * The members of a tar archive, found by reading headers alone: bodies are passed over, nothing is unpacked.
 *
 * Formats: ustar and pax (POSIX.1-2001, "pax Interchange Format"), and GNU tar's long names and large sizes.
 *
 * @module
 */
import { RunError } from "../../errors.ts";
import { otherFormat } from "../../files/other_formats.ts";
import { readRange } from "../../files/read_range.ts";
import { quoted } from "../../text/printable.ts";
import { BLOCK, decodeText, parseHeader, type TarHeader } from "./header.ts";
import { parsePax, type PaxRecords } from "./pax.ts";

/** A file in an archive. */
export interface TarMember {
  /** Its path, with `/` between parts: never absolute, no `.` or `..` in it. */
  readonly name: string;
  /** Where its headers begin. */
  readonly offset: number;
  /** First byte of its content. */
  readonly start: number;
  /** Bytes of its content. */
  readonly size: number;
}

/** What long names and records take at most: those of files are far shorter. */
const MAX_EXTENSION_BYTES = 1 << 20;

const UNSUPPORTED: Record<string, string> = {
  "1": "a hard link",
  "2": "a symbolic link",
  "3": "a device",
  "4": "a device",
  "6": "a FIFO",
  S: "a sparse file",
  M: "a part of a file",
};

/**
 * Lists the files of an archive in their order. Folders are left out.
 *
 * @param path For errors.
 * @throws {RunError} With the byte, if it is cut short or damaged, or holds links, devices or paths that lead out
 * of it.
 */
export function* readTar(file: Deno.FsFile, path: string): Generator<TarMember> {
  const archive = new Archive(file, path);
  let said: PaxRecords & { offset?: number } = {};
  for (let at = 0;;) {
    const header = archive.header(at);
    if (header === null) return archive.checkUsed(said.offset);
    const { type } = header, start = at + BLOCK;
    if ("xgLK".includes(type)) {
      const records = archive.extension(at, header);
      if (type === "x" || type === "L") said = { offset: at, ...said, ...records };
      at = archive.after(at, header.name, header.size);
      continue;
    }
    const name = archive.safeName(at, said.name ?? header.name), size = said.size ?? header.size;
    const next = archive.after(at, name, size);
    if (!archive.isFolder(at, name, header)) yield { name, offset: said.offset ?? at, start, size };
    said = {};
    at = next;
  }
}

function parseFails(block: Uint8Array): boolean {
  try {
    return block.length < BLOCK || !parseHeader(block);
  } catch {
    return true; // told by the caller
  }
}

/** Reads headers, and says what is wrong with them and where. */
class Archive {
  readonly #size: number;
  #window = new Uint8Array(0);
  #windowStart = 0;

  constructor(private readonly file: Deno.FsFile, private readonly path: string) {
    this.#size = file.statSync().size;
  }

  /** The header at a byte; null at the end of the archive. */
  header(at: number): TarHeader | null {
    const left = this.#size - at;
    if (left <= 0) throw this.#fault(at, "the file ends without the archive's end mark: it was cut short");
    const block = this.#read(at, Math.min(BLOCK, left));
    if (block[0] === 0 && block.every((byte) => byte === 0)) return this.#checkEnd(at), null;
    if (at === 0 && parseFails(block)) {
      const other = otherFormat(block);
      if (other) throw new RunError(`The file "${this.path}" is ${other}, expected a tar archive`);
    }
    if (left < BLOCK) throw this.#fault(at, `the file ends ${left} bytes into a header: it was cut short`);
    return this.#explained(at, () => parseHeader(block));
  }

  /** @param unused Where a name or records begin that no file follows; absent: there are none. */
  checkUsed(unused?: number): void {
    if (unused === undefined) return;
    throw this.#fault(unused, "the archive ends after the name of a file: it was cut short");
  }

  /** What a header of records or of a long name says of the next. */
  extension(at: number, { type, size, name }: TarHeader): PaxRecords {
    if (size > MAX_EXTENSION_BYTES) {
      throw this.#fault(
        at,
        `it says that a name takes ${size} bytes, expected at most ${MAX_EXTENSION_BYTES}`,
      );
    }
    this.after(at, name, size);
    const bytes = this.#read(at + BLOCK, size);
    return this.#explained(at, () => {
      if (type === "L" || type === "K") return { name: decodeText(bytes) };
      const records = parsePax(bytes);
      if (type === "g" && Object.keys(records).length > 0) {
        throw new Error("global records give one path or size to all files");
      }
      return records;
    });
  }

  /** Where the next header is. */
  after(at: number, name: string, size: number): number {
    const end = at + BLOCK + size;
    if (end > this.#size) {
      throw this.#fault(
        at,
        `the content of ${
          quoted(name)
        } would end at byte ${end}, the file ends at ${this.#size}: it was cut short`,
      );
    }
    return at + BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }

  safeName(at: number, name: string): string {
    const parts = name.split("/");
    const problem = name.startsWith("/") ? "is absolute" : parts.includes("..") ? 'has a ".." in it' : null;
    if (problem) throw this.#fault(at, `the path ${quoted(name)} ${problem}: it leads out of the archive`);
    return parts.filter((part) => part !== "" && part !== ".").join("/");
  }

  isFolder(at: number, name: string, { type, name: written, size }: TarHeader): boolean {
    if (type === "5" || type === "0" && written.endsWith("/")) {
      if (size === 0) return true;
      throw this.#fault(at, `the folder ${quoted(name)} has a content of ${size} bytes`);
    }
    if ((type === "0" || type === "7") && name !== "") return false;
    const what = name === ""
      ? "a file without a name"
      : UNSUPPORTED[type] ?? `of the unknown type ${quoted(type)}`;
    throw this.#fault(at, `${quoted(name)} is ${what}, expected files and folders only`);
  }

  /** After the end mark there may be nothing but zeros. */
  #checkEnd(end: number): void {
    for (let at = end; at < this.#size; at += 1 << 16) {
      const bytes = readRange(this.file, at, Math.min(1 << 16, this.#size - at), this.path);
      const found = bytes.findIndex((byte) => byte !== 0);
      if (found < 0) continue;
      throw this.#fault(at + found, `there is more after the archive's end at byte ${end}: join no archives`);
    }
  }

  /** Reads a bit more than is asked for: small files' headers lie close together. */
  #read(at: number, length: number): Uint8Array {
    const skip = at - this.#windowStart;
    if (skip < 0 || skip + length > this.#window.length) {
      const wanted = Math.min(Math.max(length, 8 * BLOCK), this.#size - at);
      this.#window = readRange(this.file, at, wanted, this.path);
      this.#windowStart = at;
      return this.#window.subarray(0, length);
    }
    return this.#window.subarray(skip, skip + length);
  }

  #explained<T>(at: number, parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      throw this.#fault(at, (error as Error).message);
    }
  }

  #fault(at: number, what: string): RunError {
    return new RunError(`Cannot read the archive "${this.path}" at byte ${at}: ${what}`);
  }
}
