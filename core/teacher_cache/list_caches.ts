import { join } from "node:path";
import { z } from "zod";
import { RunError } from "../errors.ts";
import { isOfSystem } from "../files/writing.ts";
import { MANIFEST, readManifest } from "./cache_manifest.ts";
import { shardNames } from "./disk_store.ts";
import type { StoredPrecision } from "./embedding_store.ts";
import { RecordFormat } from "./shard.ts";

/** A cache on disk that cannot be told about. */
export interface DamagedCache {
  path: string;
  /** What is wrong with it. */
  problem: string;
}

/** A cache on disk. */
export interface CacheSummary {
  path: string;
  problem: null;
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
 * The caches below a folder, sorted, behind links too; none if there is no such folder. Embeddings are counted by the
 * size of the files, which are not opened: one that is damaged is told where it is read. One cache whose manifest is
 * damaged costs no other.
 */
export function listCaches(folder: string): (CacheSummary | DamagedCache)[] {
  return cachesBelow(folder, []);
}

/** @param above Real paths of the folders that it is in: a link to one of them leads in a circle. */
function cachesBelow(folder: string, above: readonly string[]): (CacheSummary | DamagedCache)[] {
  let entries: Deno.DirEntry[], place: string;
  try {
    entries = entriesOf(folder);
    if (entries.length === 0) return [];
    place = Deno.realPathSync(folder);
  } catch (error) {
    return [{ path: folder, problem: (error as Error).message }];
  }
  if (above.includes(place)) return [];
  if (entries.some(({ name }) => name === MANIFEST)) return [described(folder)];
  return entries.map(({ name }) => join(folder, name)).filter(isFolder).sort()
    .flatMap((path) => cachesBelow(path, [...above, place]));
}

/** Whether there is a folder; links are followed. */
function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false; // of a link that leads nowhere, too
  }
}

function described(path: string): CacheSummary | DamagedCache {
  try {
    return summarize(path);
  } catch (error) {
    if (!(error instanceof RunError) && !isOfSystem(error)) throw error; // a defect
    return { path, problem: error.message };
  }
}

/** What a listing tells of an identity. */
const TOLD = z.object({
  teacher: z.object({ plugin: z.string(), dimensions: z.int().positive() }),
  data: z.object({ plugin: z.string(), images: z.int().positive() }),
  kept_in: z.enum(["fp16", "fp32"]),
});

function summarize(path: string): CacheSummary {
  const { identity, about } = readManifest(path)!, told = TOLD.safeParse(identity);
  if (!told.success) {
    throw new RunError(
      `The file "${join(path, MANIFEST)}" does not tell what the cache holds: ${z.prettifyError(told.error)}`,
    );
  }
  const { teacher, data, kept_in } = told.data;
  const format = new RecordFormat(teacher.dimensions, kept_in);
  const views = shardNames(path)
    .reduce((sum, name) => sum + format.recordsIn(Deno.statSync(join(path, name)).size), 0);
  const root = (about.data as { root?: string } | undefined)?.root;
  return {
    path,
    problem: null,
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
