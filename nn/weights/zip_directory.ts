/**
 * The directory of a zip archive, read strictly: an archive has one reading or is refused. PKWARE's APPNOTE.TXT,
 * sections 4.3 and 4.5.3.
 *
 * @module
 */
import { quoted, readRange, RunError } from "@seed/core";

/** A member of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Whether its bytes are stored as they are, not deflated. */
  readonly stored: boolean;
  /** First byte of its data in the file. */
  readonly start: number;
  /** Bytes in the file. */
  readonly packed: number;
  /** Bytes of its content. */
  readonly size: number;
  /** CRC-32 of its content. */
  readonly crc: number;
}

/** Of the directory; a network's takes a tenth of this. */
const MAX_DIRECTORY_BYTES = 4 << 20;

/** Of the comment at the end of an archive, by its format. */
const MAX_COMMENT = 0xffff;

const LOCAL_HEADER = 0x04034b50, DIRECTORY_ENTRY = 0x02014b50;
const END = 0x06054b50, END64 = 0x06064b50, END64_LOCATOR = 0x07064b50;

/** Encrypted, or its directory is. */
const ENCRYPTED = 0x1 | 0x40 | 0x2000;

/** An entry of the directory: where its header is, besides. */
type Listed = Omit<ZipEntry, "start"> & { header: number; method: number };

/** An archive that is damaged. */
export function zipError(path: string, why: string): RunError {
  return new RunError(`The zip archive "${path}" cannot be read: ${why}; fetch it again`);
}

/** An archive that may well be whole, but that is not read. */
function unreadZip(path: string, why: string): RunError {
  return new RunError(`The zip archive "${path}" is not read: ${why}`);
}

/**
 * Reads the directory and the headers of all members.
 *
 * @throws {RunError} If it is damaged, members overlap, or one is compressed in another way than by DEFLATE.
 */
export function readZipDirectory(file: Deno.FsFile, path: string): Map<string, ZipEntry> {
  const { size } = file.statSync();
  const { begin, end, count } = findDirectory(file, path, size);
  if (end - begin > MAX_DIRECTORY_BYTES) {
    throw unreadZip(path, `its directory has ${end - begin} bytes, expected at most ${MAX_DIRECTORY_BYTES}`);
  }
  const view = viewOf(readRange(file, begin, end - begin, path));
  const listed: Listed[] = [];
  let at = 0;
  while (listed.length < count) {
    const { entry, next } = parseEntry(view, at, path);
    listed.push(entry);
    at = next;
  }
  if (at !== view.byteLength) throw zipError(path, `its directory is longer than its ${count} entries`);
  return locate(file, path, listed, begin);
}

/** Where each member's data are: each after its own header, and no two in one place. */
function locate(file: Deno.FsFile, path: string, listed: readonly Listed[], limit: number) {
  const entries = new Map<string, ZipEntry>();
  let free = 0;
  for (const { header, method, ...entry } of listed.toSorted((a, b) => a.header - b.header)) {
    const { name } = entry, bad = (why: string) => zipError(path, `its member ${quoted(name)} ${why}`);
    if (entries.has(name)) throw bad("is there twice");
    if (header < free) throw bad("overlaps the one before");
    const encoded = new TextEncoder().encode(name), length = 30 + encoded.length;
    if (header + length > limit) throw bad("has no header");
    const bytes = readRange(file, header, length, path), view = viewOf(bytes);
    const same = view.getUint32(0, true) === LOCAL_HEADER && view.getUint16(8, true) === method &&
      view.getUint16(26, true) === encoded.length && encoded.every((byte, i) => byte === bytes[30 + i]);
    if (!same || view.getUint16(6, true) & ENCRYPTED) throw bad("has another header than the directory says");
    const start = header + length + view.getUint16(28, true);
    free = start + entry.packed;
    if (free > limit) throw bad(`ends at byte ${free}, but the directory begins at ${limit}`);
    entries.set(name, { ...entry, start });
  }
  return entries;
}

/** Where the directory is; it says so in the archive's last bytes. */
function findDirectory(file: Deno.FsFile, path: string, size: number) {
  const length = Math.min(size, 22 + MAX_COMMENT);
  const view = viewOf(readRange(file, size - length, length, path));
  for (let at = length - 22; at >= 0; at--) {
    const isEnd = view.getUint32(at, true) === END && at + 22 + view.getUint16(at + 20, true) === length;
    if (!isEnd) continue;
    const short = {
      count: view.getUint16(at + 10, true),
      bytes: view.getUint32(at + 12, true),
      begin: view.getUint32(at + 16, true),
    };
    const end = size - length + at, long = findEnd64(file, path, end);
    const { count, bytes, begin, before } = long ?? { ...short, before: end };
    // The number of this part, and of that in which the directory begins.
    const parts = [4, 6].map((field) => view.getUint16(at + field, true));
    if (!parts.every((part) => part === 0 || (long !== null && part === 0xffff))) {
      throw unreadZip(path, "it is one part of an archive that is split into several; join them (zip -s 0)");
    }
    // Fields of the short form say the same, or all ones; otherwise there were two readings of the archive.
    const agrees = (field: number, value: number, none: number) =>
      field === value || (long !== null && field === none);
    const agree = agrees(short.count, count, 0xffff) && agrees(short.bytes, bytes, 0xffffffff) &&
      agrees(short.begin, begin, 0xffffffff);
    if (!agree) throw zipError(path, "it says in two ways where its directory is");
    if (begin + bytes !== before) {
      throw zipError(path, `its directory ends at byte ${begin + bytes}, expected ${before}`);
    }
    return { begin, end: before, count };
  }
  throw zipError(path, "it has no directory at its end (truncated?)");
}

/** The form of the directory's place for archives of more than 4 GB; PyTorch always writes it. */
function findEnd64(file: Deno.FsFile, path: string, end: number) {
  if (end < 20 + 56) return null;
  const locator = viewOf(readRange(file, end - 20, 20, path));
  if (locator.getUint32(0, true) !== END64_LOCATOR) return null;
  const before = uint64(locator, 8, path), bad = () => zipError(path, "the end of its directory is damaged");
  if (before !== end - 20 - 56) throw bad();
  const view = viewOf(readRange(file, before, 56, path));
  if (view.getUint32(0, true) !== END64) throw bad();
  const [count, bytes, begin] = [32, 40, 48].map((at) => uint64(view, at, path));
  return { count, bytes, begin, before };
}

function parseEntry(view: DataView<ArrayBuffer>, at: number, path: string): { entry: Listed; next: number } {
  const bad = (why: string) => zipError(path, `its directory ${why}`);
  if (at + 46 > view.byteLength || view.getUint32(at, true) !== DIRECTORY_ENTRY) throw bad("is damaged");
  const [nameLength, extraLength, comment] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
  const extraAt = at + 46 + nameLength, next = extraAt + extraLength + comment;
  if (next > view.byteLength) throw bad("is cut off");
  const name = decodeName(new Uint8Array(view.buffer, at + 46, nameLength));
  if (name === null) throw bad("has a name that is no UTF-8");
  const method = view.getUint16(at + 10, true);
  if (view.getUint16(at + 8, true) & ENCRYPTED) {
    throw unreadZip(path, `its member ${quoted(name)} is encrypted; pack it without a password`);
  }
  if (method !== 0 && method !== 8) {
    throw unreadZip(
      path,
      `its member ${quoted(name)} is compressed by method ${method}; pack it by DEFLATE or uncompressed`,
    );
  }
  const long = [...longFields(view, extraAt, extraAt + extraLength, path)];
  const field = (offset: number) => {
    const value = view.getUint32(at + offset, true), wide = value === 0xffffffff ? long.shift() : value;
    if (wide === undefined) throw bad(`lacks a size of ${quoted(name)}`);
    return wide;
  };
  const size = field(24), packed = field(20), header = field(42), stored = method === 0;
  if (stored && size !== packed) throw bad(`gives ${quoted(name)} two sizes`);
  return { entry: { name, method, stored, size, packed, header, crc: view.getUint32(at + 16, true) }, next };
}

/** The extra field of zip64: sizes and place, as far as they have no room in the entry. */
function* longFields(view: DataView, at: number, end: number, path: string): Generator<number> {
  while (at + 4 <= end) {
    const id = view.getUint16(at, true), next = at + 4 + view.getUint16(at + 2, true);
    if (next > end) throw zipError(path, "its directory is damaged");
    for (let field = at + 4; id === 1 && field + 8 <= next; field += 8) yield uint64(view, field, path);
    at = next;
  }
}

function uint64(view: DataView, at: number, path: string): number {
  const value = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(value)) throw zipError(path, `it names a size of ${value} bytes`);
  return value;
}

function decodeName(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null; // told by the caller
  }
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer);
}
