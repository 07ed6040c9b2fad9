import { constants, crc32, inflateRawSync } from "node:zlib";
import { openRegularSync, quoted, readRange } from "@seed/core";
import { readZipDirectory, type ZipEntry, zipError } from "./zip_directory.ts";

/** What inflated members may take beyond the size of the archive. */
const INFLATE_ALLOWANCE = 48 << 20;

/** Weights compress to half, if that; only made-up ones to less. */
const MAX_RATIO = 8;

/** Bytes that are checked at a time. */
const CHUNK = 1 << 20;

/** A zip archive that is open for reading. Every byte that it hands out is covered by a checksum that was right. */
export class ZipFile implements Disposable {
  /** Members whose checksum was right. */
  readonly #checked = new Set<string>();

  private constructor(
    readonly path: string,
    private readonly file: Deno.FsFile,
    readonly entries: ReadonlyMap<string, ZipEntry>,
  ) {}

  /** @throws {RunError} If it is damaged, or would inflate to far more than it is. */
  static open(path: string): ZipFile {
    const file = openRegularSync(path);
    try {
      const entries = readZipDirectory(file, path);
      refuseBomb(path, [...entries.values()], file.statSync().size);
      return new ZipFile(path, file, entries);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Bytes of a member's content, by default all.
   *
   * @throws {RunError} If there is no such member, it has fewer bytes, or is damaged.
   */
  read(name: string, begin = 0, length?: number): Uint8Array<ArrayBuffer> {
    const entry = this.entry(name), end = length === undefined ? entry.size : begin + length;
    if (end > entry.size) {
      throw zipError(this.path, `its member ${quoted(name)} has ${entry.size} bytes, expected ${end}`);
    }
    if (!entry.stored) return this.#inflate(entry).subarray(begin, end);
    if (begin === 0 && end === entry.size) return this.#readWhole(entry);
    this.#check(entry);
    return readRange(this.file, entry.start + begin, end - begin, this.path);
  }

  /** First bytes of a member's content, about as many as asked for; not covered by the checksum. */
  readStart(name: string, length: number): Uint8Array<ArrayBuffer> {
    const { stored, start, packed } = this.entry(name);
    const bytes = readRange(this.file, start, Math.min(packed, length), this.path);
    if (stored) return bytes;
    try {
      return new Uint8Array(inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }));
    } catch (error) {
      throw this.#damaged(name, "it does not inflate", error);
    }
  }

  /** @throws {RunError} If there is none of the name. */
  entry(name: string): ZipEntry {
    const entry = this.entries.get(name);
    if (!entry) throw zipError(this.path, `it has no member ${quoted(name)}`);
    return entry;
  }

  [Symbol.dispose](): void {
    this.file.close();
  }

  #readWhole({ name, start, size, crc }: ZipEntry): Uint8Array<ArrayBuffer> {
    const bytes = readRange(this.file, start, size, this.path);
    if (crc32(bytes) !== crc) throw this.#damaged(name);
    return bytes;
  }

  /** Piece by piece, as a member may be larger than what is wanted of it; once. */
  #check({ name, start, size, crc }: ZipEntry): void {
    if (this.#checked.has(name)) return;
    let sum = 0;
    for (let at = 0; at < size; at += CHUNK) {
      sum = crc32(readRange(this.file, start + at, Math.min(CHUNK, size - at), this.path), sum);
    }
    if (sum !== crc) throw this.#damaged(name);
    this.#checked.add(name);
  }

  #inflate({ name, start, packed, size, crc }: ZipEntry): Uint8Array<ArrayBuffer> {
    const data = readRange(this.file, start, packed, this.path);
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      // One output buffer of the size that the directory says: no more is ever taken.
      const limits = { maxOutputLength: Math.max(1, size), chunkSize: Math.max(64, size + 1) };
      bytes = inflateRawSync(data, limits);
    } catch (error) {
      throw this.#damaged(name, `it does not inflate to ${size} bytes`, error);
    }
    if (bytes.length !== size) throw this.#damaged(name, `it inflates to ${bytes.length} bytes of ${size}`);
    if (crc32(bytes) !== crc) throw this.#damaged(name);
    return bytes;
  }

  #damaged(name: string, why = "its checksum differs", cause?: unknown): Error {
    const error = zipError(this.path, `its member ${quoted(name)} is damaged: ${why}`);
    error.cause = cause;
    return error;
  }
}

/** Sizes are checked by the directory, before any memory is taken. */
function refuseBomb(path: string, entries: readonly ZipEntry[], fileSize: number): void {
  const deflated = entries.filter(({ stored }) => !stored), limit = fileSize + INFLATE_ALLOWANCE;
  const large = deflated.find(({ packed, size }) => packed + size > limit);
  const total = deflated.reduce((sum, { size }) => sum + size, 0);
  if (large || total > MAX_RATIO * fileSize + INFLATE_ALLOWANCE) {
    throw zipError(path, `${fileSize} bytes would inflate to ${total}, as no weights do`);
  }
}
