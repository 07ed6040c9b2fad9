import { join } from "node:path";
import { Components, type Host } from "../components.ts";
import { RunError, UsageError } from "../errors.ts";
import { lockFile, tryLockFile } from "../file_lock.ts";
import { planSteps } from "../sampler.ts";
import type { Recipe } from "../recipe/load_recipe.ts";
import { fixedViews, viewRequest, type ViewSource, viewSources } from "../view_source.ts";
import { embedCentreViews } from "./centre_views.ts";
import type { DiskStore } from "./disk_store.ts";
import type { ViewId } from "./embedding_store.ts";
import { openTeacherCaches, type TeacherCaches } from "./open_caches.ts";

/** Batches that a process takes upon itself at a time. */
const UNIT_BATCHES = 32;
/** Batches that the time of the whole is estimated from; the first, which is traced, is none of them. */
const TIMED_BATCHES = 3;

/** What filling has come to. */
export interface FilledCaches {
  dir: string;
  /** Views that are there now. */
  views: number;
  /** Of those, how many this process has computed. */
  computed: number;
  bytes: number;
}

/** How far it is. */
export interface FillProgress {
  /** Before the first long stretch: what is left to do, by the speed of a few batches. */
  estimate?(left: { views: number; bytes: number; seconds: number }): void;
  /** Views that are there, and views that there will be. */
  update?(done: number, all: number): void;
}

/**
 * Computes what the cache of a recipe's teacher lacks, in the order in which training asks for it, and in the same
 * batches. Several processes share the work.
 *
 * @throws {UsageError} If the recipe has no cache on disk.
 * @throws {RunError} If data or weights are not there, the cache is of other views, or the disk is full.
 */
export async function fillCaches(recipe: Recipe, progress: FillProgress, host: Host): Promise<FilledCaches> {
  if (!recipe.teacher?.cache?.dir) {
    throw new UsageError(
      `${
        recipe.teacher?.place ?? recipe.path
      }: The recipe has no cache on disk; set teacher.cache.dir and teacher.cache.views`,
    );
  }
  await using parts = await Components.create(recipe, host);
  using caches = await openTeacherCaches(parts, recipe, host);
  if (!caches) throw new UsageError(`${recipe.path}: No objective of the recipe looks at the teacher`);
  const filler = new Filler(parts, recipe, caches, progress, host);
  const sources = viewSources(parts, recipe);
  for (const source of sources) await filler.fill(source);
  const centre = parts.needs.bag
    ? await fillCentre(parts, recipe, host)
    : { views: 0, computed: 0, bytes: 0 };
  const stores = sources.map((source) => caches.of(source).store as DiskStore);
  const views = sources.reduce((sum, source) => sum + filler.found(source), centre.views);
  const bytes = stores.reduce((sum, { size, recordBytes }) => sum + size * recordBytes, centre.bytes);
  return { dir: recipe.teacher.cache.dir, views, computed: filler.computed + centre.computed, bytes };
}

/** Centre views, by one process alone: they are few beside the others. */
async function fillCentre(parts: Components, recipe: Recipe, host: Host) {
  host.log("Embedding the images that neighbours are looked for among");
  const { embeddings, computed, bytes } = await embedCentreViews(parts, recipe, host);
  embeddings.dispose();
  return { views: embeddings.shape[0], computed, bytes };
}

/** One batch that the teacher will see. */
interface FillBatch {
  ids: ViewId[];
  number: number;
}

function isListed(store: DiskStore, { ids }: FillBatch): boolean {
  return ids.every((id) => store.lists(id));
}

class Filler {
  computed = 0;
  /** Times of the batches so far, in seconds, until the estimate is made. */
  #seconds: number[] | null = [];

  constructor(
    private readonly parts: Components,
    private readonly recipe: Recipe,
    private readonly caches: TeacherCaches,
    private readonly progress: FillProgress,
    private readonly host: Host,
  ) {}

  /** Unit by unit; those that other processes are at are looked at again when they are over. */
  async fill(source: ViewSource): Promise<void> {
    const store = this.caches.of(source).store as DiskStore, claims = join(store.folder, "claims");
    if (this.found(source) === this.#all(source)) return;
    const left: [file: string, batches: FillBatch[]][] = [];
    let unit = 0;
    for (const batches of this.#units(source)) {
      const file = join(claims, `${unit++}.lock`);
      if (!this.#lacks(store, batches)) continue;
      await Deno.mkdir(claims, { recursive: true }); // not where all is there: it may be read only
      using claim = tryLockFile(file);
      if (claim) await this.#compute(source, batches);
      else left.push([file, batches]);
    }
    const waiting = () => this.host.log("Waiting for another process that computes the rest");
    for (const [file, batches] of left) {
      using _claim = await lockFile(file, this.host.signal, waiting);
      await this.#compute(source, batches);
    }
    const all = this.#all(source), found = this.found(source);
    if (found < all) throw new RunError(`The cache "${store.folder}" has ${found} of ${all} views`);
  }

  /** Without reading embeddings: those that are damaged are found when they are asked for. */
  #lacks(store: DiskStore, batches: readonly FillBatch[]): boolean {
    if (batches.every((batch) => isListed(store, batch))) return false;
    store.refresh();
    return !batches.every((batch) => isListed(store, batch));
  }

  async #compute(source: ViewSource, batches: readonly FillBatch[]): Promise<void> {
    const { parts: { data, pipeline, engine }, recipe: { seed }, host } = this,
      cache = this.caches.of(source);
    const { teacherSize: size } = source, store = cache.store as DiskStore, all = this.#all(source);
    store.refresh(); // others may have done a part before this process had the lock
    const lacking = batches.filter((batch) => !isListed(store, batch));
    const requests = lacking.map(({ ids, number }) =>
      viewRequest(source, { data, seed, images: ids.map(({ image }) => image), number, size })
    );
    let started = performance.now(), next = 0;
    for await (const { pixels } of pipeline.batches(requests)) {
      host.signal.throwIfAborted();
      const { ids } = lacking[next++];
      const images = engine.upload(pixels, [ids.length, size, size, 3]);
      this.computed += await cache.compute(ids, images);
      images.dispose();
      const found = this.found(source);
      this.progress.update?.(found, all);
      this.#time((performance.now() - started) / 1000, all - found, store.recordBytes, ids.length);
      started = performance.now();
    }
  }

  #time(seconds: number, views: number, recordBytes: number, batch: number): void {
    if (!this.#seconds) return;
    this.#seconds.push(seconds);
    if (this.#seconds.length <= TIMED_BATCHES) return;
    const each = this.#seconds.slice(1).reduce((a, b) => a + b, 0) / TIMED_BATCHES / batch;
    this.#seconds = null;
    this.progress.estimate?.({ views, bytes: views * recordBytes, seconds: views * each });
  }

  /** Views that the recipe asks for and that are there. */
  found(source: ViewSource): number {
    return (this.caches.of(source).store as DiskStore).sizeOf(fixedViews(source, this.caches.views));
  }

  #all(source: ViewSource): number {
    return this.caches.views * source.teacherViews.length * this.parts.data.train.length;
  }

  *#units(source: ViewSource): Generator<FillBatch[]> {
    let unit: FillBatch[] = [];
    for (const batch of this.#batches(source)) {
      unit.push(batch);
      if (unit.length === UNIT_BATCHES) {
        yield unit;
        unit = [];
      }
    }
    if (unit.length) yield unit;
  }

  /** As training takes them; then, of each epoch, the images that no batch of it had. */
  *#batches(source: ViewSource): Generator<FillBatch> {
    const { data: { train: { length: images } } } = this.parts,
      { train, data: { shuffle }, seed } = this.recipe;
    const { batch_size: batchSize } = train, stepsPerEpoch = Math.floor(images / batchSize);
    for (let round = 0; round < this.caches.views; round++) {
      const startStep = round * stepsPerEpoch, endStep = startStep + stepsPerEpoch, seen = new Set<number>();
      const numbers = source.teacherViews.map((view) => round * source.views + view);
      const of = (images: number[]) =>
        numbers.map((view) => ({ ids: images.map((image) => ({ image, view })), number: view }));
      for (const plan of planSteps({ images, batchSize, shuffle, seed, startStep, endStep })) {
        for (const image of plan.images) seen.add(image);
        yield* of(plan.images);
      }
      const rest = Array.from({ length: images }, (_, i) => i).filter((i) => !seen.has(i));
      if (rest.length) yield* of(rest);
    }
  }
}
