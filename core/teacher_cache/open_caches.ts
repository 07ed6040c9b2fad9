import { join } from "node:path";
import type { Components, Host } from "../components.ts";
import { formatBytes } from "../format_bytes.ts";
import type { Stream } from "../loss_terms.ts";
import type { Recipe } from "../recipe/load_recipe.ts";
import { fixedViews, type ViewSource, viewSources } from "../view_source.ts";
import { readManifest, requireSameIdentity } from "./cache_manifest.ts";
import { DiskStore } from "./disk_store.ts";
import { type EmbeddingStore, MemoryStore } from "./embedding_store.ts";
import { identityOf } from "./identity.ts";
import { TeacherCache } from "./teacher_cache.ts";

type CachedTeacher = NonNullable<Recipe["teacher"]>;
type CachingRecipe = Recipe & { teacher: CachedTeacher & { cache: NonNullable<CachedTeacher["cache"]> } };

/** The caches of a run: one a stream of views. */
export class TeacherCaches implements Disposable {
  readonly #caches = new Map<Stream, TeacherCache>();

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

  of({ stream }: ViewSource): TeacherCache {
    return this.#caches.get(stream)!;
  }

  set({ stream }: ViewSource, cache: TeacherCache): void {
    this.#caches.set(stream, cache);
  }

  [Symbol.dispose](): void {
    for (const cache of this.#caches.values()) cache[Symbol.dispose]();
  }
}

/**
 * Opens the caches that a recipe asks for; null if it asks for none, or has no teacher in training.
 *
 * @throws {RunError} If what is on disk is of other views.
 */
export async function openTeacherCaches(
  parts: Components,
  recipe: Recipe,
  host: Host,
): Promise<TeacherCaches | null> {
  if (!isCaching(recipe, parts)) return null;
  const { views } = recipe.teacher.cache, caches = new TeacherCaches(views);
  try {
    for (const source of viewSources(parts, recipe)) {
      const store = await openStore(parts, recipe, source, host);
      const { train } = parts.data, numbers = fixedViews(source, views);
      caches.set(source, new TeacherCache(parts.teacher!, store, train.length, numbers.length));
      if (store instanceof DiskStore) host.log(describe(store, numbers, train.length));
    }
    return caches;
  } catch (error) {
    caches[Symbol.dispose]();
    throw error;
  }
}

/**
 * Looks whether the caches that a recipe names, where they are there, are of its views; makes none.
 *
 * @throws {RunError} If not, telling what differs.
 */
export function checkTeacherCaches(parts: Components, recipe: Recipe): void {
  if (!isCaching(recipe, parts)) return;
  const { dir, precision } = recipe.teacher.cache;
  if (dir === null) return;
  for (const source of viewSources(parts, recipe)) {
    const folder = join(dir, source.name), found = readManifest(folder);
    if (found) requireSameIdentity(folder, found.identity, identityOf(parts, recipe, source, precision));
  }
}

/** Whether a recipe asks for a cache, and has a teacher in training to keep embeddings of. */
export function isCaching(recipe: Recipe, { needs }: Components): recipe is CachingRecipe {
  return !!recipe.teacher?.cache && needs.teacherViews.length > 0;
}

async function openStore(
  parts: Components,
  recipe: CachingRecipe,
  source: ViewSource,
  host: Host,
): Promise<EmbeddingStore> {
  const { dir, precision } = recipe.teacher.cache, { teacher, data: { train } } = parts;
  if (dir === null) return new MemoryStore(precision);
  return await DiskStore.open(join(dir, source.name), {
    identity: identityOf(parts, recipe, source, precision),
    about: {
      made: new Date().toISOString(),
      recipe: recipe.path,
      data: recipe.data.options,
      teacher_weights: teacher!.weights?.file ?? null,
    },
    ...{ dim: teacher!.embeddingDim, precision, images: train.length, log: host.log, signal: host.signal },
  });
}

function describe(store: DiskStore, numbers: readonly number[], images: number): string {
  const found = store.sizeOf(numbers),
    views = images * numbers.length,
    left = views - found,
    there = `Cache "${store.folder}": ${found} of ${views} views are there`;
  return left > 0 ? `${there}, the rest takes ${formatBytes(left * store.recordBytes)}` : there;
}
