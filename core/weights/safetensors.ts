/**
 * The safetensors format: an 8-byte little-endian header length, a JSON header with each tensor's type, shape and
 * byte range, then the values. https://github.com/huggingface/safetensors
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { writeAtomically } from "../files/atomic_file.ts";
import { openRegular } from "../files/regular_file.ts";
import { RunError } from "../errors.ts";
import { readRange } from "../files/read_range.ts";
import { printable, quoted } from "../text/printable.ts";
import {
  BYTES_PER_ELEMENT,
  type StoredType,
  type TensorInfo,
  toFloat32,
  type WeightsFile,
} from "./weights_file.ts";

/**
 * Networks' headers have a tenth of this. The format allows 100 MB, but JSON in memory can take thirty times the
 * space of its text.
 */
const MAX_HEADER_BYTES = 2 << 20;

interface Entry extends TensorInfo {
  begin: number;
  end: number;
}

/** A safetensors file that is open for reading. */
export class SafetensorsFile implements WeightsFile {
  readonly format = "safetensors";

  private constructor(
    readonly path: string,
    private readonly file: Deno.FsFile,
    private readonly dataStart: number,
    readonly tensors: ReadonlyMap<string, Entry>,
    readonly metadata: Readonly<Record<string, string>>,
  ) {}

  /** Whether a file's first bytes may be this format's: a length of eight bytes, then a JSON object. */
  static isStart(bytes: Uint8Array): boolean {
    return bytes[8] === 0x7b;
  }

  /**
   * @param advice What to do about a file that is none: not every file comes from elsewhere.
   * @throws {RunError} If it is not a whole, consistent safetensors file.
   */
  static async open(path: string, advice = "; fetch or export it again"): Promise<SafetensorsFile> {
    const file = await openRegular(path);
    try {
      const { size } = await file.stat();
      const { header, dataStart } = readHeader(file, path, size, advice);
      const { __metadata__: metadata = {}, ...entries } = header;
      const tensors = checkEntries(path, entries, size - dataStart);
      return new SafetensorsFile(path, file, dataStart, tensors, checkMetadata(path, metadata));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  read(name: string): Float32Array {
    const { dtype } = this.#entry(name);
    return toFloat32(this.readBytes(name), dtype);
  }

  /** The stored bytes of a tensor. */
  readBytes(name: string): Uint8Array<ArrayBuffer> {
    const { begin, end } = this.#entry(name);
    return readRange(this.file, this.dataStart + begin, end - begin, this.path);
  }

  /**
   * Reads all values, if the file tells their checksum and that of its header.
   *
   * @throws {RunError} If they are other ones than were written.
   */
  checkValues(): void {
    const { [OF_VALUES]: ofValues, [OF_HEADER]: ofHeader, ...metadata } = this.metadata;
    if (ofValues === undefined && ofHeader === undefined) return;
    const entries = Object.fromEntries(
      [...this.tensors].map(([name, { dtype, shape, begin, end }]) => [
        name,
        { dtype, shape, data_offsets: [begin, end] },
      ]),
    );
    const require = (what: string, sum: string, expected: string | undefined) => {
      if (sum === expected) return;
      throw new RunError(
        `The ${what} in "${this.path}" are not those that were written: their checksum is ${sum}, ` +
          `expected ${quoted(expected ?? "none")}`,
      );
    };
    require("names, shapes and metadata", headerSum(metadata, entries), ofHeader);
    let sum = 0;
    for (const { begin, end } of [...this.tensors.values()].sort((a, b) => a.begin - b.begin)) {
      sum = crc32(readRange(this.file, this.dataStart + begin, end - begin, this.path), sum);
    }
    require("values", hex(sum), ofValues);
  }

  [Symbol.dispose](): void {
    this.file.close();
  }

  #entry(name: string): Entry {
    const entry = this.tensors.get(name);
    if (!entry) throw new RunError(`The file "${this.path}" holds no tensor ${quoted(name)}`);
    return entry;
  }
}

/** A tensor to write. */
export interface NamedArray {
  name: string;
  shape: readonly number[];
  data: Float32Array | Int32Array | BigInt64Array;
}

/** What the metadata calls the checksum of all values, in the order of their bytes: CRC-32, hexadecimal. */
const OF_VALUES = "values_crc32";
/** The same of the JSON `[metadata, tensors]` of the header, without the two. */
const OF_HEADER = "header_crc32";

/**
 * Writes a safetensors file, whole or not at all.
 *
 * @param options.checksum True: the metadata tells checksums of values and header, which `checkValues` goes by.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly NamedArray[],
  metadata: Record<string, string>,
  { checksum = false } = {},
): Promise<void> {
  const values = tensors.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const entries: Record<string, unknown> = {};
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    const elements = shape.reduce((a, b) => a * b, 1);
    if (elements !== data.length) {
      throw new RangeError(`Tensor "${name}" [${shape}] has ${data.length} values`);
    }
    const dtype: StoredType = data instanceof Float32Array
      ? "F32"
      : data instanceof Int32Array
      ? "I32"
      : "I64";
    entries[name] = { dtype, shape, data_offsets: [offset, offset += data.byteLength] };
  }
  const sums = checksum
    ? {
      [OF_VALUES]: hex(values.reduce((sum, bytes) => crc32(bytes, sum), 0)),
      [OF_HEADER]: headerSum(metadata, entries),
    }
    : {};
  const header = { __metadata__: { ...metadata, ...sums }, ...entries };
  // Spaces after the JSON keep the values aligned to 8 bytes.
  const text = JSON.stringify(header);
  const json = new TextEncoder().encode(
    text + " ".repeat((8 - new TextEncoder().encode(text).length % 8) % 8),
  );
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  await writeAtomically(path, [length, json, ...values]);
}

function headerSum(metadata: Record<string, string>, entries: Record<string, unknown>): string {
  return hex(crc32(JSON.stringify([metadata, entries])));
}

function hex(sum: number): string {
  return sum.toString(16).padStart(8, "0");
}

function readHeader(file: Deno.FsFile, path: string, size: number, advice: string) {
  const bad = (why: string) => new RunError(`The file "${path}" is not a safetensors file: ${why}${advice}`);
  if (size < 8) throw bad(`it has ${size} bytes, fewer than the 8 of a header length`);
  const lengthBytes = readRange(file, 0, 8, path);
  const length = Number(new DataView(lengthBytes.buffer).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) throw bad(`its header would have ${length} bytes`);
  if (8 + length > size) {
    throw bad(`its header of ${length} bytes ends after the file's ${size} (truncated?)`);
  }
  const bytes = readRange(file, 8, length, path);
  try {
    const header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (!isObject(header)) throw bad("its header is no object");
    return { header, dataStart: 8 + length };
  } catch (error) {
    if (error instanceof RunError) throw error;
    throw bad(`its header is not JSON (${printable((error as Error).message)})`);
  }
}

/** The tensors fill the data from its first byte to its last: no two overlap, none is cut off, and there are no gaps. */
function checkEntries(path: string, entries: Record<string, unknown>, dataBytes: number): Map<string, Entry> {
  const tensors = new Map<string, Entry>();
  for (const [name, value] of Object.entries(entries)) tensors.set(name, checkEntry(path, name, value));
  const ordered = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let filled = 0;
  for (const [name, { begin, end }] of ordered) {
    const bad = (why: string) => new RunError(`In "${path}" the tensor ${quoted(name)} ${why}`);
    if (begin < filled) throw bad("overlaps the one before");
    if (begin > filled) throw bad(`begins at byte ${begin}, the one before ends at ${filled}`);
    if (end > dataBytes) throw bad(`ends at byte ${end} of ${dataBytes} (truncated file?)`);
    filled = end;
  }
  if (filled < dataBytes) {
    throw new RunError(
      `The file "${path}" has ${dataBytes - filled} bytes after its last tensor: it is damaged`,
    );
  }
  return tensors;
}

function checkMetadata(path: string, metadata: unknown): Record<string, string> {
  const isText = (value: unknown) => typeof value === "string";
  if (isObject(metadata) && Object.values(metadata).every(isText)) return metadata as Record<string, string>;
  throw new RunError(`In "${path}" the metadata is no mapping of texts: the file is damaged`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkEntry(path: string, name: string, value: unknown): Entry {
  const bad = (why: string) => new RunError(`In "${path}" the tensor ${quoted(name)} ${why}`);
  if (!isObject(value)) throw bad("has no description");
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(BYTES_PER_ELEMENT, dtype)) {
    throw bad(
      `has the type ${typeof dtype === "string" ? quoted(dtype) : `"${typeof dtype}"`}; only ` +
        `${Object.keys(BYTES_PER_ELEMENT).join(", ")} are read`,
    );
  }
  const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(isCount)) throw bad("has no valid shape");
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw bad("has no valid byte range");
  }
  const [begin, end] = offsets, type = dtype as StoredType;
  const expected = shape.reduce((a, b) => a * b, BYTES_PER_ELEMENT[type]);
  if (end - begin !== expected) throw bad(`[${shape}] needs ${expected} bytes, its range has ${end - begin}`);
  return { dtype: type, shape, begin, end };
}
