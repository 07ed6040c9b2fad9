import { join } from "node:path";
import type { Host } from "../interfaces/host.ts";
import { createProcessParts, type ProcessParts } from "../parts/process_parts.ts";
import { RunError, UsageError } from "../errors.ts";
import { lockFile, tryLockFile } from "../files/file_lock.ts";
import { writing, writingSync } from "../files/writing.ts";
import type { BatchRequest } from "../images/pipeline/view_pipeline.ts";
import type { StandIns } from "../images/stand_ins.ts";
import { agree, factsOf, listingFact } from "../processes/agree.ts";
import { firstSays } from "../processes/first_says.ts";
import { goOnTogether } from "../processes/go_on_together.ts";
import type { Processes } from "../processes/processes.ts";
import { planSteps } from "../views/sampler.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { bagSize, streamsOf } from "../views/streams.ts";
import { fixedViews, viewNumber, viewRequest, type ViewSource, viewSources } from "../views/view_source.ts";
import type { DiskStore } from "./disk_store.ts";
import type { ViewId } from "./embedding_store.ts";
import { centreSize, openCentreStore, openTeacherCaches, type TeacherCaches } from "./open_caches.ts";
import { TeacherCache } from "./teacher_cache.ts";

/** Batches that a process takes upon itself at a time. */
const UNIT_BATCHES = 32;
/** Batches that the time of the whole is estimated from; the first, which is traced, is none of them. */
const TIMED_BATCHES = 3;

/** What filling has come to. */
export interface FilledCaches {
  dir: string;
  /** Views that are there now. */
  views: number;
  /** Of those, how many were computed by this call, in all its processes. */
  computed: number;
  /** What they take on disk; another recipe's may be there besides. */
  bytes: number;
}

/** How far it is, of all that there will be. */
export interface FillProgress {
  /** Before the first long stretch: what is left to do, by the speed of a few batches. */
  estimate?(left: { views: number; bytes: number; seconds: number }): void;
  /** Views that are there, and views that there will be. */
  update?(done: number, all: number): void;
}

/**
 * Computes what the cache of a recipe's teacher lacks, in the order in which training asks for it, and in the same
 * batches. Several processes share the work, those of one call and others.
 *
 * @param processes All of the call; null: this one is alone.
 * @throws {UsageError} If the recipe has no cache on disk.
 * @throws {RunError} If data or weights are not there, the cache is of other views, or the disk is full.
 */
export async function fillCaches(
  recipe: Recipe,
  progress: FillProgress,
  outer: Host,
  processes: Processes | null = null,
): Promise<FilledCaches> {
  const host = firstSays(outer, processes);
  if (!recipe.teacher?.cache?.dir) {
    throw new UsageError(
      `${
        recipe.teacher?.place ?? recipe.path
      }: The recipe has no cache on disk; set teacher.cache.dir and teacher.cache.views`,
    );
  }
  await using parts = await createProcessParts(recipe, outer, processes);
  const { engine, data, teacher } = parts;
  if (processes) {
    await agree(processes, {
      ...factsOf(engine),
      "listing of images": listingFact(data.train),
      "teacher's weights": teacher?.weights?.sha256 ?? null,
    });
  }
  using caches = await openTeacherCaches(parts, recipe, host);
  if (!caches) throw new UsageError(`${recipe.path}: No objective of the recipe looks at the teacher`);
  using centre = bagSize(recipe) ? await openCentreStore(parts, recipe, host) : null;
  const works = viewSources(streamsOf(recipe), parts).map((source) =>
    workOfViews(parts, recipe, source, caches)
  );
  if (centre) works.push(workOfCentre(parts, recipe, centre));
  const filler = new Filler(parts, works, progress, host);
  const computed = processes ? await shared(processes, filler, host) : (await filler.fill(), filler.computed);
  const views = works.reduce((sum, work) => sum + found(work), 0);
  const bytes = works.reduce((sum, work) => sum + found(work) * work.store.recordBytes, 0);
  return { dir: recipe.teacher.cache.dir, views, computed, bytes };
}

/**
 * Each fills by itself, and takes what no other is at. Whoever is interrupted computes no more and waits for the others:
 * those that are not interrupted too compute what it leaves.
 *
 * @returns how many views all have computed.
 * @throws {StoppedTogether} In all of them, in the end, if one was interrupted.
 */
async function shared(
  processes: Processes,
  filler: Filler,
  { signal }: Host,
): Promise<number> {
  let stops = false;
  await filler.fill().catch((error) => {
    stops = signal.aborted && error === signal.reason;
    if (!stops) throw error;
  });
  await goOnTogether(processes, { stops });
  const computed = await processes.exchange(`${filler.computed}`);
  return computed.reduce((sum, text) => sum + Number(text), 0);
}

/** One batch that the teacher will see. */
interface FillBatch {
  ids: ViewId[];
  number: number;
}

/** A folder of a cache, and what it is to hold. */
interface Work {
  store: DiskStore;
  cache: TeacherCache;
  /** Images of it that cannot be read, and so have no views. */
  broken: readonly number[];
  /** Numbers of an image's views, and how many views that makes. */
  numbers: readonly number[];
  all: number;
  /** Side that the teacher sees them at. */
  size: number;
  batches(): Iterable<FillBatch>;
  request(batch: FillBatch): BatchRequest;
}

function workOfViews(parts: ProcessParts, recipe: Recipe, source: ViewSource, caches: TeacherCaches): Work {
  const { data, standIns } = parts,
    { seed } = recipe,
    { teacherSize: size } = source,
    cache = caches.of(source);
  const numbers = fixedViews(source, caches.views);
  return {
    ...{ store: cache.store as DiskStore, cache, broken: standIns.broken, numbers, size },
    all: numbers.length * standIns.readable,
    batches: () => batchesOfViews(data.train.length, standIns, recipe, source, caches.views),
    request: ({ ids, number }) =>
      viewRequest(source, { train: data.train, seed, images: ids.map(({ image }) => image), number, size }),
  };
}

function workOfCentre(
  parts: ProcessParts,
  { train: { batch_size: batchSize } }: Recipe,
  store: DiskStore,
): Work {
  const { data: { train }, standIns, teacher } = parts, size = centreSize(parts);
  return {
    ...{
      store,
      cache: new TeacherCache(teacher!, store, train.length, 1),
      broken: standIns.broken,
      numbers: [0],
      all: standIns.readable,
      size,
    },
    *batches() {
      for (let first = 0; first < train.length; first += batchSize) {
        const length = Math.min(batchSize, train.length - first);
        const images = Array.from({ length }, (_, i) => first + i).filter((i) => standIns.of(i) === i);
        if (images.length) yield { ids: images.map((image) => ({ image, view: 0 })), number: 0 };
      }
    },
    request: ({ ids }) => ({ images: ids.map(({ image }) => train.image(image)), keys: null, size }),
  };
}

/** Views that the recipe asks for and that are there. An image may have been kept while it could be read. */
function found({ store, numbers, broken }: Work): number {
  const kept = broken.flatMap((image) => numbers.filter((view) => store.lists({ image, view })));
  return store.sizeOf(numbers) - kept.length;
}

function isListed(store: DiskStore, { ids }: FillBatch): boolean {
  return ids.every((id) => store.lists(id));
}

class Filler {
  computed = 0;
  /** Seconds that a pixel took in each of a folder's batches so far, until the estimate is made. */
  #seconds: number[] | null = [];

  constructor(
    private readonly parts: ProcessParts,
    private readonly works: readonly Work[],
    private readonly progress: FillProgress,
    private readonly host: Host,
  ) {}

  async fill(): Promise<void> {
    for (const work of this.works) await this.#fill(work);
  }

  /** Unit by unit; those that other processes are at are looked at again when they are over. */
  async #fill(work: Work): Promise<void> {
    const { store, all } = work, claims = join(store.folder, "claims");
    if (found(work) === all) return;
    if (this.#seconds) this.#seconds = []; // views of another side are traced anew
    const left: [file: string, batches: FillBatch[]][] = [];
    let unit = 0;
    for (const batches of unitsOf(work)) {
      const file = join(claims, `${unit++}.lock`);
      if (!this.#lacks(store, batches)) continue;
      // Not where all is there: it may be read only.
      await writing(claims, () => Deno.mkdir(claims, { recursive: true }));
      using claim = writingSync(file, () => tryLockFile(file));
      if (claim) await this.#compute(work, batches);
      else left.push([file, batches]);
    }
    const waiting = () => this.host.log("Waiting for another process that computes the rest");
    for (const [file, batches] of left) {
      using _claim = await writing(file, () => lockFile(file, this.host.signal, waiting));
      await this.#compute(work, batches);
    }
    const there = found(work);
    if (there < all) throw new RunError(`The cache "${store.folder}" has ${there} of ${all} views`);
  }

  /** Without reading embeddings: those that are damaged are found when they are asked for. */
  #lacks(store: DiskStore, batches: readonly FillBatch[]): boolean {
    if (batches.every((batch) => isListed(store, batch))) return false;
    store.refresh();
    return !batches.every((batch) => isListed(store, batch));
  }

  async #compute(work: Work, batches: readonly FillBatch[]): Promise<void> {
    const { parts: { pipeline, engine }, host } = this, { store, cache, size } = work;
    store.refresh(); // others may have done a part before this process had the lock
    const lacking = batches.filter((batch) => !isListed(store, batch));
    let started = performance.now(), next = 0;
    for await (const { pixels } of pipeline.batches(lacking.map((batch) => work.request(batch)))) {
      host.signal.throwIfAborted();
      const { ids } = lacking[next++];
      const images = engine.upload(pixels, [ids.length, size, size, 3]);
      this.computed += await cache.compute(ids, images);
      images.dispose();
      this.progress.update?.(this.#sum(found), this.#sum(({ all }) => all));
      this.#time((performance.now() - started) / 1000 / (ids.length * size ** 2));
      started = performance.now();
    }
  }

  /** @param seconds That a pixel took: a teacher's time goes by them. */
  #time(seconds: number): void {
    if (!this.#seconds) return;
    this.#seconds.push(seconds);
    if (this.#seconds.length <= TIMED_BATCHES) return;
    const each = this.#seconds.slice(1).reduce((a, b) => a + b, 0) / TIMED_BATCHES;
    this.#seconds = null;
    const left = (of: (work: Work) => number) => this.#sum((work) => (work.all - found(work)) * of(work));
    this.progress.estimate?.({
      views: left(() => 1),
      bytes: left(({ store }) => store.recordBytes),
      seconds: left(({ size }) => size ** 2) * each / (this.parts.processes?.size ?? 1),
    });
  }

  #sum(of: (work: Work) => number): number {
    return this.works.reduce((sum, work) => sum + of(work), 0);
  }
}

function* unitsOf(work: Work): Generator<FillBatch[]> {
  let unit: FillBatch[] = [];
  for (const batch of work.batches()) {
    unit.push(batch);
    if (unit.length === UNIT_BATCHES) {
      yield unit;
      unit = [];
    }
  }
  if (unit.length) yield unit;
}

/** As training takes them; then, of each epoch, the images that no batch of it had. */
function* batchesOfViews(
  images: number,
  standIns: StandIns,
  { train, data: { shuffle }, seed }: Recipe,
  source: ViewSource,
  rounds: number,
): Generator<FillBatch> {
  const { batch_size: batchSize } = train, stepsPerEpoch = Math.floor(images / batchSize);
  for (let round = 0; round < rounds; round++) {
    const startStep = round * stepsPerEpoch, endStep = startStep + stepsPerEpoch, seen = new Set<number>();
    const numbers = source.teacherViews.map((view) => viewNumber(source, round, view));
    const of = (images: number[]) =>
      numbers.map((view) => ({ ids: images.map((image) => ({ image, view })), number: view }));
    for (const plan of planSteps({ images, batchSize, shuffle, seed, startStep, endStep, standIns })) {
      for (const image of plan.images) seen.add(image);
      yield* of(plan.images);
    }
    const rest = Array.from({ length: images }, (_, i) => i).filter((i) =>
      standIns.of(i) === i && !seen.has(i)
    );
    if (rest.length) yield* of(rest);
  }
}
