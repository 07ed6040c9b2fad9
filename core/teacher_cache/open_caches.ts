import { join } from "node:path";
import { RunError } from "../errors.ts";
import type { Host } from "../interfaces/host.ts";
import type { ProcessParts } from "../parts/process_parts.ts";
import { memoryLimit } from "../memory_limit.ts";
import { arrayOfCache, type LocatedArray, memoryProblems } from "../recipe/memory_needs.ts";
import { formatBytes } from "../text/format_bytes.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { bagSize, looksAtTeacher, streamsOf } from "../views/streams.ts";
import { fixedViews, type ViewSource, viewSources } from "../views/view_source.ts";
import { type CacheIdentity, readManifest, requireSameIdentity } from "./cache_manifest.ts";
import { DiskStore } from "./disk_store.ts";
import { type EmbeddingStore, MemoryStore } from "./embedding_store.ts";
import { centreIdentityOf, identityOf } from "./identity.ts";
import { TeacherCache } from "./teacher_cache.ts";

/** What is needed to tell which embeddings a cache is of. */
export type Taught = Pick<ProcessParts, "engine" | "data" | "standIns" | "teacher" | "augmenters">;

type CachedTeacher = NonNullable<Recipe["teacher"]>;
type CachingRecipe = Recipe & { teacher: CachedTeacher & { cache: NonNullable<CachedTeacher["cache"]> } };

/** The caches of a run: one a stream of views. */
export class TeacherCaches implements Disposable {
  readonly #caches = new Map<string, TeacherCache>();

  /** @param views Fixed views of an image; epochs take turns. */
  constructor(readonly views: number) {}

  /** Whether what is computed stays when the process ends. */
  get persistent(): boolean {
    return [...this.#caches.values()].every(({ store }) => store.persistent);
  }

  /** Whether no batch will need the teacher again. */
  get complete(): boolean {
    return [...this.#caches.values()].every(({ complete }) => complete);
  }

  of({ name }: Pick<ViewSource, "name">): TeacherCache {
    return this.#caches.get(name)!;
  }

  set({ name }: Pick<ViewSource, "name">, cache: TeacherCache): void {
    this.#caches.set(name, cache);
  }

  [Symbol.dispose](): void {
    for (const cache of this.#caches.values()) cache[Symbol.dispose]();
  }
}

/**
 * Opens the caches that a recipe asks for; null if it asks for none, or has no teacher in training.
 *
 * @throws {RunError} If what is on disk is of other views, or memory has no room for what is not kept on disk.
 */
export async function openTeacherCaches(
  parts: Taught,
  recipe: Recipe,
  host: Host,
): Promise<TeacherCaches | null> {
  if (!isCaching(recipe)) return null;
  const { views } = recipe.teacher.cache, caches = new TeacherCaches(views);
  try {
    const sources = viewSources(streamsOf(recipe), parts);
    checkMemory(parts, recipe, sources);
    for (const source of sources) {
      const store = await openStore(parts, recipe, source, host);
      const { train } = parts.data, numbers = fixedViews(source, views);
      caches.set(source, new TeacherCache(parts.teacher!, store, train.length, numbers.length));
      if (store instanceof DiskStore) host.log(describe(store, numbers, parts.standIns.readable));
    }
    return caches;
  } catch (error) {
    caches[Symbol.dispose]();
    throw error;
  }
}

/** `validate` has compared one batch of images with the machine's memory; now their number is known. */
function checkMemory(
  { data, teacher }: Taught,
  { train: { epochs }, teacher: { cache } }: CachingRecipe,
  sources: readonly ViewSource[],
): void {
  const images = data.train.length, dim = teacher!.embeddingDim;
  const arrays = sources.map(({ teacherViews }) =>
    arrayOfCache(cache, { images, dim, epochs, teacherViews: teacherViews.length })
  );
  const advice = cache.dir === null
    ? "or set teacher.cache.dir"
    : "since the places of all embeddings on disk are kept in memory";
  requireMemory(arrays, advice);
}

/** @throws {RunError} If the machine has no memory for arrays, all together; the message ends with the advice. */
export function requireMemory(arrays: readonly LocatedArray[], advice: string): void {
  const [problem] = memoryProblems(arrays, memoryLimit());
  if (problem) throw new RunError(`${problem.message}, ${advice}`);
}

/**
 * Looks whether the caches that a recipe names, where they are there, are of its views; makes none.
 *
 * @throws {RunError} If not, telling what differs.
 */
export function checkTeacherCaches(parts: Taught, recipe: Recipe): void {
  if (!isCaching(recipe)) return;
  const { dir } = recipe.teacher.cache;
  if (dir === null) return;
  const folders = viewSources(streamsOf(recipe), parts).map((source) => folderOf(parts, recipe, source));
  if (bagSize(recipe)) folders.push(centreFolderOf(parts, recipe));
  for (const { name, identity } of folders) {
    const folder = join(dir, name), found = readManifest(folder);
    if (found) requireSameIdentity(folder, found.identity, identity);
  }
}

/** Whether a recipe asks for a cache, and has a teacher in training to keep embeddings of. */
export function isCaching(recipe: Recipe): recipe is CachingRecipe {
  return !!recipe.teacher?.cache && looksAtTeacher(recipe);
}

async function openStore(
  parts: Taught,
  recipe: CachingRecipe,
  source: ViewSource,
  host: Host,
): Promise<EmbeddingStore> {
  return await openFolder(parts, recipe, () => folderOf(parts, recipe, source), host) ??
    new MemoryStore(recipe.teacher.cache.precision, parts.data.train.length);
}

/**
 * Opens what a recipe's cache on disk has of the teacher's embeddings of centre views; null if it has none on disk.
 *
 * @throws {RunError} If it is of other images or of another teacher.
 */
export async function openCentreStore(
  parts: Taught,
  recipe: Recipe,
  host: Host,
): Promise<DiskStore | null> {
  if (!isCaching(recipe)) return null;
  return await openFolder(parts, recipe, () => centreFolderOf(parts, recipe), host);
}

/** A folder within a cache's, and what it is of. */
interface CacheFolder {
  name: string;
  identity: CacheIdentity;
}

function folderOf(parts: Taught, recipe: CachingRecipe, source: ViewSource): CacheFolder {
  return { name: source.name, identity: identityOf(parts, recipe, source, recipe.teacher.cache.precision) };
}

function centreFolderOf(parts: Taught, recipe: CachingRecipe): CacheFolder {
  const { precision } = recipe.teacher.cache;
  return { name: "centre", identity: centreIdentityOf(parts, recipe, centreSize(parts), precision) };
}

/** Side of the centre views that neighbours are looked for by, in pixels. */
export function centreSize(
  { teacher, augmenters: [{ size }] }: Pick<ProcessParts, "teacher" | "augmenters">,
): number {
  return teacher!.inputSize ?? size;
}

/**
 * Null if the cache is in memory.
 *
 * @param folder Asked on disk only: an identity takes a look at every image of the listing.
 */
async function openFolder(
  { teacher, data: { train } }: Taught,
  recipe: CachingRecipe,
  folder: () => CacheFolder,
  { log, signal }: Host,
): Promise<DiskStore | null> {
  const { dir, precision } = recipe.teacher.cache;
  if (dir === null) return null;
  const { name, identity } = folder();
  return await DiskStore.open(join(dir, name), {
    identity,
    about: {
      made: new Date().toISOString(),
      recipe: recipe.path,
      data: recipe.data.options,
      teacher_weights: teacher!.weights?.file ?? null,
    },
    ...{ dim: teacher!.embeddingDim, precision, images: train.length, log, signal },
  });
}

function describe(store: DiskStore, numbers: readonly number[], images: number): string {
  const found = store.sizeOf(numbers),
    views = images * numbers.length,
    left = views - found,
    there = `Cache "${store.folder}": ${found} of ${views} views are there`;
  return left > 0 ? `${there}, the rest takes ${formatBytes(left * store.recordBytes)}` : there;
}
