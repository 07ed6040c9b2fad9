/**
 * TFRecord files: each record is its length (8 bytes, little-endian), the length's checksum, the data and their
 * checksum (4 bytes each).
 *
 * @module
 */
import { maskedCrc32c } from "./crc32c.ts";

/** Bytes before a record's data. */
const HEAD = 12;
/** Records that we have written are far smaller: a length beyond this is a damaged one. */
const MOST_BYTES = 64 * 2 ** 20;

/** A record as it stands in a file. */
export function recordOf(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEAD + data.length + 4), view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(bytes.subarray(0, 8)), true);
  bytes.set(data, HEAD);
  view.setUint32(HEAD + data.length, maskedCrc32c(data), true);
  return bytes;
}

/** The data of a file's records and where each begins; ends before the first that is damaged or cut off. */
export function* recordsOf(file: Deno.FsFile): Generator<{ offset: number; data: Uint8Array }> {
  for (let offset = 0;;) {
    const head = readAt(file, offset, HEAD);
    if (!head) return;
    const view = new DataView(head.buffer), length = Number(view.getBigUint64(0, true));
    if (view.getUint32(8, true) !== maskedCrc32c(head.subarray(0, 8)) || length > MOST_BYTES) return;
    const rest = readAt(file, offset + HEAD, length + 4);
    if (!rest) return;
    const data = rest.subarray(0, length);
    if (new DataView(rest.buffer).getUint32(length, true) !== maskedCrc32c(data)) return;
    yield { offset, data };
    offset += HEAD + length + 4;
  }
}

/** Null: the file ends before. */
function readAt(file: Deno.FsFile, offset: number, length: number): Uint8Array<ArrayBuffer> | null {
  const bytes = new Uint8Array(length);
  file.seekSync(offset, Deno.SeekMode.Start);
  for (let at = 0; at < length;) {
    const count = file.readSync(bytes.subarray(at));
    if (count === null) return null;
    at += count;
  }
  return bytes;
}
