/**
 * Writes zip archives whose members are stored as they are. PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { RunError } from "@seed/core";

/** A member of an archive. */
export interface ZipMember {
  readonly name: string;
  readonly data: Uint8Array;
}

const LOCAL_HEADER = 0x04034b50, DIRECTORY_ENTRY = 0x02014b50, END = 0x06054b50;
const HEADER_BYTES = 30, DIRECTORY_ENTRY_BYTES = 46, END_BYTES = 22;

/** Of the format that has no need of zip64's fields. */
const VERSION = 20, MAX_BYTES = 0xffffffff;

/** 1 January 1980, the format's first day: the same content gives the same bytes. */
const DATE = 0x21;

/** Id of the extra field that fills up to an alignment, as PyTorch calls it: "FB". */
const FILLER = 0x4246;

/**
 * The bytes of an archive, piece by piece.
 *
 * @param alignment Of each member's first byte in the file.
 * @throws {RunError} If it would have more than 4 GB.
 */
export function* zipBytes(members: Iterable<ZipMember>, alignment: number): Generator<Uint8Array> {
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, data } of members) {
    const encoded = new TextEncoder().encode(name), begin = at + HEADER_BYTES + encoded.length + 4;
    const extra = fillerOf((alignment - begin % alignment) % alignment);
    const header = local(encoded, data, extra);
    directory.push(entry(header, encoded, at));
    yield* [header, encoded, extra, data];
    at += header.length + encoded.length + extra.length + data.length;
    if (at > MAX_BYTES) {
      throw new RunError("The weights have more than 4 GB, too many for .pth; write safetensors");
    }
  }
  yield* directory;
  yield end(directory, at);
}

function fillerOf(bytes: number): Uint8Array {
  const extra = new Uint8Array(4 + bytes), view = new DataView(extra.buffer);
  view.setUint16(0, FILLER, true);
  view.setUint16(2, bytes, true);
  return extra;
}

/** The header before a member; what comes after its name's length is the extra field's. */
function local(name: Uint8Array, data: Uint8Array, extra: Uint8Array): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES), view = new DataView(header.buffer);
  view.setUint32(0, LOCAL_HEADER, true);
  view.setUint16(4, VERSION, true);
  view.setUint16(12, DATE, true);
  view.setUint32(14, crc32(data), true);
  view.setUint32(18, data.length, true);
  view.setUint32(22, data.length, true);
  view.setUint16(26, name.length, true);
  view.setUint16(28, extra.length, true);
  return header;
}

/** The entry of the directory, most of which is as in the member's header, without the extra field. */
function entry(header: Uint8Array, name: Uint8Array, at: number): Uint8Array {
  const bytes = new Uint8Array(DIRECTORY_ENTRY_BYTES + name.length), view = new DataView(bytes.buffer);
  view.setUint32(0, DIRECTORY_ENTRY, true);
  view.setUint16(4, VERSION, true);
  bytes.set(header.subarray(4, 28), 6);
  view.setUint32(42, at, true);
  bytes.set(name, DIRECTORY_ENTRY_BYTES);
  return bytes;
}

function end(directory: readonly Uint8Array[], at: number): Uint8Array {
  const bytes = new Uint8Array(END_BYTES), view = new DataView(bytes.buffer);
  view.setUint32(0, END, true);
  view.setUint16(8, directory.length, true);
  view.setUint16(10, directory.length, true);
  view.setUint32(12, directory.reduce((sum, { length }) => sum + length, 0), true);
  view.setUint32(16, at, true);
  return bytes;
}
