/**
 * A file of embeddings that only grows. A header, then records of one size: the view's image and number, its
 * embedding, and a CRC-32 of these. Numbers are little-endian.
 *
 * ```text
 * header  "SEEDEMB1"  dimensions u32  bytes a value u32 (2: float16, 4: float32)  CRC-32 of these u32
 * record  image u32   view u32        values [dimensions]                         CRC-32 of these u32
 * ```
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { RunError } from "../errors.ts";
import { readRange } from "../files/read_range.ts";
import type { StoredPrecision, ViewId } from "./embedding_store.ts";

const MAGIC = new TextEncoder().encode("SEEDEMB1");
const HEADER_BYTES = 20;

/** What the records of a shard are like. */
export class RecordFormat {
  /** Of a record. */
  readonly bytes: number;
  readonly #valueBytes: number;

  constructor(readonly dim: number, readonly precision: StoredPrecision) {
    this.#valueBytes = precision === "fp16" ? 2 : 4;
    this.bytes = 12 + dim * this.#valueBytes;
  }

  /** How many whole records a shard of this size has. */
  recordsIn(bytes: number): number {
    return Math.max(0, Math.floor((bytes - HEADER_BYTES) / this.bytes));
  }

  /** What a shard begins with. */
  header(): Uint8Array {
    const bytes = new Uint8Array(HEADER_BYTES), view = new DataView(bytes.buffer);
    bytes.set(MAGIC);
    view.setUint32(8, this.dim, true);
    view.setUint32(12, this.#valueBytes, true);
    view.setUint32(16, crc32(bytes.subarray(0, 16)), true);
    return bytes;
  }

  encode(ids: readonly ViewId[], rows: readonly Float32Array[]): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(ids.length * this.bytes), view = new DataView(bytes.buffer);
    ids.forEach((id, i) => {
      const start = i * this.bytes, end = start + this.bytes - 4;
      view.setUint32(start, id.image, true);
      view.setUint32(start + 4, id.view, true);
      rows[i].forEach((value, d) => this.#set(view, start + 8 + d * this.#valueBytes, value));
      view.setUint32(end, crc32(bytes.subarray(start, end)), true);
    });
    return bytes;
  }

  /** The view of a record and its embedding; null if the record is damaged. */
  decode(bytes: Uint8Array): { id: ViewId; row: () => Float32Array } | null {
    const view = new DataView(bytes.buffer, bytes.byteOffset, this.bytes), end = this.bytes - 4;
    if (view.getUint32(end, true) !== crc32(bytes.subarray(0, end))) return null;
    const id = { image: view.getUint32(0, true), view: view.getUint32(4, true) };
    const value = (_: unknown, d: number) => this.#get(view, 8 + d * this.#valueBytes);
    return { id, row: () => Float32Array.from({ length: this.dim }, value) };
  }

  #set(view: DataView, at: number, value: number): void {
    if (this.#valueBytes === 2) view.setFloat16(at, value, true);
    else view.setFloat32(at, value, true);
  }

  #get(view: DataView, at: number): number {
    return this.#valueBytes === 2 ? view.getFloat16(at, true) : view.getFloat32(at, true);
  }
}

/** Records that are read at once: a few megabytes. */
const SCAN_RECORDS = 8192;

/** An open shard. Any process may read it; one may append to it, which holds its lock. */
export class Shard implements Disposable {
  /** Opened when it is first appended to: whoever only reads need not be allowed to write. */
  #written: Deno.FsFile | null = null;
  /** Records that were looked at. */
  #scanned = 0;
  /** Of those, how many are damaged. */
  damaged = 0;

  private constructor(
    readonly path: string,
    private readonly format: RecordFormat,
    private readonly file: Deno.FsFile,
  ) {}

  /**
   * Opens one that is there. One whose maker was stopped before the header was whole counts as empty.
   *
   * @throws {RunError} If it is no shard, or one of other records.
   */
  static open(path: string, format: RecordFormat): Shard {
    const shard = new Shard(path, format, Deno.openSync(path));
    try {
      shard.#checkHeader();
      return shard;
    } catch (error) {
      shard[Symbol.dispose]();
      throw error;
    }
  }

  /** Records up to which the file was looked at. */
  get length(): number {
    return this.#scanned;
  }

  /** Takes the first records as known, since an index lists them. */
  skip(records: number): void {
    this.#scanned = records;
  }

  /** How many whole records the file holds by its size. */
  get records(): number {
    return this.format.recordsIn(this.file.statSync().size);
  }

  /**
   * Looks at what was appended since. A damaged record is passed over once others follow it; at the end of the file
   * it may be one that another process is just writing.
   */
  scan(found: (id: ViewId, record: number) => void): void {
    const count = this.records;
    for (let from = this.#scanned; from < count; from += SCAN_RECORDS) {
      const many = Math.min(SCAN_RECORDS, count - from), bytes = this.#read(from, many);
      for (let i = 0; i < many; i++) {
        const record = this.format.decode(bytes.subarray(i * this.format.bytes, (i + 1) * this.format.bytes));
        if (!record) continue;
        this.damaged += from + i - this.#scanned;
        this.#scanned = from + i + 1;
        found(record.id, from + i);
      }
    }
  }

  /** The embedding of a view; null if its record is damaged, or was cut off since it was looked at. */
  row(record: number, { image, view }: ViewId): Float32Array | null {
    if (record >= this.records) return null;
    const found = this.format.decode(this.#read(record, 1));
    return found && found.id.image === image && found.id.view === view ? found.row() : null;
  }

  /** Cuts off what follows the records that were looked at. Call with the lock, after a scan. */
  cutTail(): void {
    const end = this.#end(this.#scanned);
    if (this.file.statSync().size < HEADER_BYTES) this.#write(0, this.format.header());
    if (this.file.statSync().size > end) this.#writer.truncateSync(end);
  }

  /**
   * Appends records. Call with the lock.
   *
   * @returns the number of the first.
   * @throws {Error} If the disk is full; the file is as it was.
   */
  append(ids: readonly ViewId[], rows: readonly Float32Array[]): number {
    const first = this.#scanned;
    try {
      this.#write(this.#end(first), this.format.encode(ids, rows));
    } catch (error) {
      this.#writer.truncateSync(this.#end(first));
      throw error;
    }
    this.#scanned += ids.length;
    return first;
  }

  [Symbol.dispose](): void {
    this.#written?.close();
    this.file.close();
  }

  /** Sees to it that what was appended outlives a loss of power. */
  sync(): void {
    this.#written?.syncDataSync();
  }

  get #writer(): Deno.FsFile {
    return this.#written ??= Deno.openSync(this.path, { write: true });
  }

  #end(records: number): number {
    return HEADER_BYTES + records * this.format.bytes;
  }

  #read(record: number, count: number): Uint8Array {
    return readRange(this.file, this.#end(record), count * this.format.bytes, this.path);
  }

  #write(at: number, bytes: Uint8Array): void {
    this.#writer.seekSync(at, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) done += this.#writer.writeSync(bytes.subarray(done));
  }

  #checkHeader(): void {
    const { size } = this.file.statSync();
    if (size < HEADER_BYTES) return;
    const found = readRange(this.file, 0, HEADER_BYTES, this.path), expected = this.format.header();
    if (found.every((byte, i) => byte === expected[i])) return;
    throw new RunError(
      `The file "${this.path}" does not begin as one of embeddings of ${this.format.dim} values in ` +
        `${this.format.precision} does: it is damaged or another file; take it away, its views are computed anew`,
    );
  }
}
