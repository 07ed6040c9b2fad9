import { join } from "node:path";
import { sizeOfChunks, TAR_END, tarMember, writeAtomically } from "@seed/core";

/** An image to write. */
export interface ShardImage {
  /** Path in the shard with the image's extension; without another dot in the file's name. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Null: none. */
  readonly label: number | null;
}

/**
 * Writes images into shards `PREFIX-000000.tar` and so on, each with a `.cls` of its label.
 *
 * @param shardBytes A shard is as large at most, but for a single image that is larger.
 * @returns the paths of the shards.
 */
export async function writeShards(
  images: AsyncIterable<ShardImage>,
  { folder, prefix, shardBytes }: { folder: string; prefix: string; shardBytes: number },
): Promise<string[]> {
  const source = images[Symbol.asyncIterator](), paths: string[] = [];
  let next = await source.next();
  /** What fits into one shard. */
  async function* shard(): AsyncGenerator<Uint8Array> {
    for (let size = TAR_END.length; !next.done; next = await source.next()) {
      const chunks = sampleOf(next.value), bytes = sizeOfChunks(chunks);
      if (size > TAR_END.length && size + bytes > shardBytes) break;
      size += bytes;
      yield* chunks;
    }
    yield TAR_END;
  }
  while (!next.done) {
    const path = join(folder, `${prefix}-${`${paths.length}`.padStart(6, "0")}.tar`);
    await writeAtomically(path, shard());
    paths.push(path);
  }
  return paths;
}

function sampleOf({ name, bytes, label }: ShardImage): Uint8Array[] {
  const image = tarMember(name, bytes);
  if (label === null) return image;
  const sibling = `${name.slice(0, name.lastIndexOf("."))}.cls`;
  return [...image, ...tarMember(sibling, new TextEncoder().encode(`${label}`))];
}
