import { join } from "node:path";
import { MANIFEST, readManifest } from "./cache_manifest.ts";
import { shardNames } from "./disk_store.ts";
import type { StoredPrecision } from "./embedding_store.ts";
import { RecordFormat } from "./shard.ts";

/** A cache on disk. */
export interface CacheSummary {
  path: string;
  teacher: string;
  data: string;
  /** Images of the training set. */
  images: number;
  /** Embeddings that are kept. */
  views: number;
  kept_in: StoredPrecision;
  bytes: number;
  /** The recipe that it was made for. */
  recipe: string;
}

/**
 * The caches below a folder, sorted; none if there is no such folder. Embeddings are counted by the size of the files,
 * which are not opened: one that is damaged is told where it is read.
 *
 * @throws {RunError} If a manifest is damaged.
 */
export function listCaches(folder: string): CacheSummary[] {
  const entries = entriesOf(folder);
  if (entries.some(({ name }) => name === MANIFEST)) return [summarize(folder)];
  return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => name).sort()
    .flatMap((name) => listCaches(join(folder, name)));
}

function summarize(path: string): CacheSummary {
  const { identity, about } = readManifest(path)!;
  const { teacher, data, kept_in } = identity as {
    teacher: { plugin: string; dimensions: number };
    data: { plugin: string; images: number };
    kept_in: StoredPrecision;
  };
  const format = new RecordFormat(teacher.dimensions, kept_in);
  const views = shardNames(path)
    .reduce((sum, name) => sum + format.recordsIn(Deno.statSync(join(path, name)).size), 0);
  const root = (about.data as { root?: string } | undefined)?.root;
  return {
    path,
    teacher: teacher.plugin,
    data: root === undefined ? data.plugin : `${data.plugin} ${root}`,
    images: data.images,
    views,
    kept_in,
    bytes: entriesOf(path).reduce(
      (sum, { name, isFile }) => isFile ? sum + Deno.statSync(join(path, name)).size : sum,
      0,
    ),
    recipe: String(about.recipe),
  };
}

function entriesOf(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
