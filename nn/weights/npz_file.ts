/**
 * NumPy's `.npz`: a zip archive of arrays, each an `.npy` file (magic, version, a Python dict of its type, order and
 * shape, the elements). `numpy/lib/format.py`.
 *
 * @module
 */
import {
  BYTES_PER_ELEMENT,
  printable,
  quoted,
  RunError,
  type StoredType,
  type WeightsFile,
} from "@seed/core";
import { elementCount, rowMajor, type StorageReader, type TensorView, ViewsFile } from "./tensor_view.ts";
import type { ZipFile } from "./zip_file.ts";

const EXTENSION = ".npy";

/** `\x93NUMPY`. */
const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);

/** Of a header; one of a 64-dimensional array takes a kilobyte. */
const MAX_HEADER_BYTES = 4096;

/** NumPy's types; bytes have no order, everything else is little-endian. */
const TYPES: Readonly<Record<string, StoredType>> = {
  "<f8": "F64",
  "<f4": "F32",
  "<f2": "F16",
  "<i8": "I64",
  "<i4": "I32",
  "<i2": "I16",
  "|i1": "I8",
  "<u8": "U64",
  "<u4": "U32",
  "<u2": "U16",
  "|u1": "U8",
  "|b1": "BOOL",
};

/** Whether an archive is this format. */
export function isNpz({ entries }: ZipFile): boolean {
  return [...entries.keys()].some((name) => name.endsWith(EXTENSION));
}

/**
 * @param zip Is closed with the file that is returned.
 * @throws {RunError} If it is damaged, or holds something else than arrays of numbers.
 */
export function openNpz(zip: ZipFile): WeightsFile {
  const members = [...zip.entries.keys()].map((member) =>
    [nameOf(zip, member), viewOf(zip, member)] as const
  );
  const headers = new Map(members.map(([, { storage: { key }, begin }]) => [key, begin]));
  return new ViewsFile(zip.path, "NumPy", new Map(members), new NpzStorages(zip, headers));
}

class NpzStorages implements StorageReader {
  constructor(
    private readonly zip: ZipFile,
    /** First byte of each member's elements. */
    private readonly begins: ReadonlyMap<string, number>,
  ) {}

  read(key: string, begin: number, length: number): Uint8Array<ArrayBuffer> {
    return this.zip.read(key, this.begins.get(key)! + begin, length);
  }

  [Symbol.dispose](): void {
    this.zip[Symbol.dispose]();
  }
}

function nameOf({ path }: ZipFile, member: string): string {
  if (member.endsWith(EXTENSION)) return member.slice(0, -EXTENSION.length);
  throw new RunError(
    `The file "${path}" holds ${quoted(member)} beside NumPy's arrays; it is no archive of numpy.savez`,
  );
}

/** The whole array, as a view of the member's elements. */
function viewOf(zip: ZipFile, member: string): TensorView & { begin: number } {
  const bad = (why: string) => new RunError(`In "${zip.path}" the array ${quoted(member)} ${why}`);
  const { description, begin } = readHeader(zip, member, bad);
  const { descr = "", fortran_order: fortran = "", shape: axes = "" } = parseDict(description) ?? {};
  if (!descr || !/^(True|False)$/.test(fortran) || !/^\([\d, L]*\)$/.test(axes)) {
    throw bad("has a header that is not NumPy's; fetch the file again");
  }
  const dtype = TYPES[descr.slice(1, -1)], shape = [...axes.matchAll(/\d+/g)].map(Number);
  if (!Object.hasOwn(TYPES, descr.slice(1, -1))) throw bad(whyNotRead(descr));
  const elements = elementCount(shape), { size } = zip.entry(member);
  const expected = elements * BYTES_PER_ELEMENT[dtype];
  if (size - begin !== expected) {
    throw bad(`[${shape}] needs ${expected} bytes, it has ${size - begin}; fetch the file again`);
  }
  const strides = fortran === "True" ? rowMajor(shape.toReversed()).reverse() : rowMajor(shape);
  return { dtype, shape, strides, offset: 0, storage: { key: member, dtype, elements }, begin };
}

function readHeader(zip: ZipFile, member: string, bad: (why: string) => RunError) {
  const bytes = zip.readStart(member, MAX_HEADER_BYTES), view = new DataView(bytes.buffer);
  if (bytes.length < 12 || !MAGIC.every((byte, i) => bytes[i] === byte)) {
    throw bad("is not in NumPy's format; fetch the file again");
  }
  const old = bytes[6] === 1, start = old ? 10 : 12;
  const begin = start + (old ? view.getUint16(8, true) : view.getUint32(8, true));
  if (begin > bytes.length) throw bad(`has a header of ${begin} bytes, expected at most ${MAX_HEADER_BYTES}`);
  return { description: new TextDecoder().decode(bytes.subarray(start, begin)), begin };
}

/** A Python dict of texts, truth values and tuples of integers, each as it is written; null if it is something else. */
function parseDict(text: string): Record<string, string> | null {
  const body = /^\{(.*)\}\s*$/s.exec(text)?.[1];
  if (body === undefined) return null;
  const item = /\s*'(\w+)': ('[^']*'|True|False|\([\d, L]*\)|\[.*\])(?:,\s*|$)/y,
    found: [string, string][] = [];
  while (item.lastIndex < body.length) {
    const match = item.exec(body);
    if (!match) return null;
    found.push([match[1], match[2]]);
  }
  return Object.fromEntries(found);
}

function whyNotRead(descr: string): string {
  if (/O/.test(descr)) return "holds Python objects, which are never made; save arrays of numbers";
  if (/^'>/.test(descr)) {
    return `has the big-endian type ${printable(descr.slice(0, 100))}; only little-endian ones are read`;
  }
  return `has the type ${printable(descr.slice(0, 100))}; numbers of ${
    Object.keys(TYPES).join(", ")
  } are read`;
}
