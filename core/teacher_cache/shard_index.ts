/**
 * Which views a shard's records are of, in a file beside it, so that opening a cache need not read the embeddings. A
 * shard without one is read through; records after the index's last are too.
 *
 * ```text
 * "SEEDIDX1"  records u32  CRC-32 of the rest u32  image u32 [records]  view u32 [records]    (little-endian)
 * ```
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { writeAtomicallySync } from "../files/atomic_file.ts";
import type { ViewId } from "./embedding_store.ts";

const MAGIC = "SEEDIDX1", HEADER_BYTES = 16, NONE = 0xffffffff;

/** The index of a shard. */
export function shardIndexFile(shard: string): string {
  return shard.replace(/\.embeddings$/, ".index");
}

/**
 * Reads the views of a shard's first records. If there is no index, or it is damaged or of more records than the
 * shard has, the shard itself has to tell.
 *
 * @param records How many the shard holds.
 * @param found Called for every record that counts.
 * @returns how many records the index is of; 0 without one.
 */
export function readShardIndex(
  shard: string,
  records: number,
  found: (id: ViewId, record: number) => void,
): number {
  let bytes;
  try {
    bytes = Deno.readFileSync(shardIndexFile(shard));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
  if (bytes.length < HEADER_BYTES) return 0;
  const view = new DataView(bytes.buffer), count = view.getUint32(8, true);
  const isWhole = new TextDecoder().decode(bytes.subarray(0, 8)) === MAGIC && count <= records &&
    bytes.length === HEADER_BYTES + 8 * count &&
    view.getUint32(12, true) === crc32(bytes.subarray(HEADER_BYTES));
  if (!isWhole) return 0;
  for (let i = 0; i < count; i++) {
    const image = view.getUint32(HEADER_BYTES + 4 * i, true);
    if (image !== NONE) found({ image, view: view.getUint32(HEADER_BYTES + 4 * (count + i), true) }, i);
  }
  return count;
}

/** Call with the shard's lock. What cannot be written leaves nothing behind. */
export function writeShardIndex(shard: string, ids: readonly (ViewId | null)[]): void {
  const bytes = new Uint8Array(HEADER_BYTES + 8 * ids.length), view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(8, ids.length, true);
  ids.forEach((id, i) => {
    view.setUint32(HEADER_BYTES + 4 * i, id?.image ?? NONE, true);
    view.setUint32(HEADER_BYTES + 4 * (ids.length + i), id?.view ?? NONE, true);
  });
  view.setUint32(12, crc32(bytes.subarray(HEADER_BYTES)), true);
  writeAtomicallySync(shardIndexFile(shard), bytes);
}
