import { join } from "node:path";
import { removeLeftovers, removeLeftoversOfSync, writeTextAtomically } from "../files/atomic_file.ts";
import { RunError } from "../errors.ts";
import { lockFile, tryLockFile } from "../files/file_lock.ts";
import { isOfSystem } from "../files/writing.ts";
import {
  type CacheIdentity,
  type CacheManifest,
  MANIFEST,
  readManifest,
  requireSameIdentity,
} from "./cache_manifest.ts";
import type { EmbeddingStore, StoredPrecision, ViewId } from "./embedding_store.ts";
import { RecordFormat, Shard } from "./shard.ts";
import { readShardIndex, shardIndexFile, writeShardIndex } from "./shard_index.ts";

/** No shard has more records than this: a record's place is a number of 32 bits. */
const SHARD_RECORDS = 2 ** 20;
const SHARD_BYTES = 256 * 2 ** 20;
/** All that a number of 32 bits tells apart, but for NOWHERE. */
const MAX_SHARDS = 2 ** 32 / SHARD_RECORDS - 1;
const NOWHERE = 0xffffffff;

/** How a store is opened. */
export interface DiskStoreOptions {
  /** What the embeddings are of. */
  identity: CacheIdentity;
  /** For people, kept by the process that makes the cache. */
  about: Record<string, unknown>;
  dim: number;
  precision: StoredPrecision;
  /** Images of the training set. */
  images: number;
  /** Size at which a shard is full and another begins; default 256 MiB. */
  shardBytes?: number;
  log(message: string): void;
  signal: AbortSignal;
}

/**
 * Embeddings on disk, for any number of processes at once: each appends to a shard of its own, and reads all. What a
 * process was stopped in the midst of writing is dropped; a record is checked whenever it is read.
 */
export class DiskStore implements EmbeddingStore {
  readonly persistent = true;
  readonly #format: RecordFormat;
  readonly #shards: Shard[] = [];
  /** Files of these. */
  readonly #names = new Set<string>();
  /** By view, then by image: the shard's number times SHARD_RECORDS and the record's. */
  readonly #places = new Map<number, Uint32Array>();
  /** Embeddings of each view number. */
  readonly #counts = new Map<number, number>();
  /** The shard that this process appends to, with its lock. */
  #own: { shard: number; lock: Disposable } | null = null;
  readonly #capacity: number;
  #size = 0;

  private constructor(readonly folder: string, private readonly options: DiskStoreOptions) {
    this.#format = new RecordFormat(options.dim, options.precision);
    const { shardBytes = SHARD_BYTES } = options;
    this.#capacity = Math.min(SHARD_RECORDS, Math.max(1, Math.floor(shardBytes / this.#format.bytes)));
  }

  /**
   * Opens a cache, or makes one.
   *
   * @throws {RunError} If the folder holds a cache of something else, or cannot be written.
   */
  static async open(folder: string, options: DiskStoreOptions): Promise<DiskStore> {
    await requireCacheOf(folder, options);
    await removeLeftovers(folder, false).catch((error) => {
      if (!isOfSystem(error)) throw error;
      options.log(
        `What dead processes have left in the cache "${folder}" cannot be removed: ${error.message}`,
      );
    });
    const store = new DiskStore(folder, options);
    try {
      store.refresh();
      store.#tellDamage();
      return store;
    } catch (error) {
      store[Symbol.dispose]();
      throw error;
    }
  }

  get size(): number {
    return this.#size;
  }

  /** How many there are of some of the views: another run's may be there besides. */
  sizeOf(views: readonly number[]): number {
    return views.reduce((sum, view) => sum + (this.#counts.get(view) ?? 0), 0);
  }

  /** Bytes of a record on disk. */
  get recordBytes(): number {
    return this.#format.bytes;
  }

  /** Whether it is listed; unlike `missing` it does not read it. */
  lists({ image, view }: ViewId): boolean {
    return (this.#places.get(view)?.[image] ?? NOWHERE) !== NOWHERE;
  }

  missing(ids: readonly ViewId[]): ViewId[] {
    if (!ids.every((id) => this.lists(id))) this.refresh(); // once: it asks the system about every shard
    return ids.filter((id) => !this.lists(id) || this.#read(id) === null);
  }

  row(id: ViewId): Float32Array {
    const row = this.lists(id) ? this.#read(id) : null;
    if (row) return row;
    throw new RunError(
      `The cache "${this.folder}" has lost view ${id.view} of image ${id.image}: its files were changed or are damaged; run again to have it computed anew`,
    );
  }

  add(ids: readonly ViewId[], rows: readonly Float32Array[]): void {
    for (let at = 0; at < ids.length;) at += this.#append(ids.slice(at), rows.slice(at));
  }

  /**
   * Takes in what other processes have added.
   *
   * @throws {RunError} If a file cannot be read.
   */
  refresh(): void {
    this.#reading(() => this.#refresh());
  }

  #refresh(): void {
    const names = shardNames(this.folder);
    if (names.length > MAX_SHARDS) {
      throw new RunError(
        `The cache "${this.folder}" has ${names.length} files of embeddings, more than the ${MAX_SHARDS} that a cache can have; make one of fewer views, or keep them in fp16`,
      );
    }
    for (const name of names) if (!this.#names.has(name)) this.#openShard(name);
    this.#shards.forEach((shard, number) => this.#scan(shard, number));
  }

  [Symbol.dispose](): void {
    try {
      this.#release();
    } finally {
      for (const shard of this.#shards) shard[Symbol.dispose]();
    }
  }

  /** @returns how many of them had room in the shard. */
  #append(ids: readonly ViewId[], rows: readonly Float32Array[]): number {
    try {
      const { number, shard } = this.#ownShard(), room = this.#capacity - shard.length;
      const some = ids.slice(0, room), first = shard.append(some, rows.slice(0, room));
      some.forEach((id, i) => this.#list(id, number * SHARD_RECORDS + first + i));
      return some.length;
    } catch (error) {
      if (error instanceof RunError) throw error;
      throw new RunError(
        `Cannot write to the cache "${this.folder}": ${(error as Error).message}. ` +
          `Its ${this.#size} embeddings are kept; make room and run again`,
        { cause: error },
      );
    }
  }

  /** What the operating system refuses is the user's to mend: a disk that is away, a file that is not his to read. */
  #reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof RunError || !isOfSystem(error)) throw error;
      throw new RunError(`Cannot read the cache "${this.folder}": ${error.message}`, { cause: error });
    }
  }

  #openShard(name: string): void {
    const path = join(this.folder, name),
      shard = Shard.open(path, this.#format),
      number = this.#shards.length;
    this.#shards.push(shard);
    this.#names.add(name);
    shard.skip(readShardIndex(path, shard.records, this.#lister(number)));
  }

  #scan(shard: Shard, number: number): void {
    shard.scan(this.#lister(number));
  }

  #lister(shard: number): (id: ViewId, record: number) => void {
    return (id, record) => this.#list(id, shard * SHARD_RECORDS + record);
  }

  /** The first embedding of a view is the one that counts. */
  #list({ image, view }: ViewId, place: number): void {
    const ofView = this.#places.get(view) ?? new Uint32Array(this.options.images).fill(NOWHERE);
    this.#places.set(view, ofView);
    if (image >= ofView.length || ofView[image] !== NOWHERE) return;
    ofView[image] = place;
    this.#count(view, 1);
  }

  #count(view: number, more: number): void {
    this.#counts.set(view, (this.#counts.get(view) ?? 0) + more);
    this.#size += more;
  }

  /** The embedding of a listed view; null if it is damaged: it is listed no more. */
  #read(id: ViewId): Float32Array | null {
    const ofView = this.#places.get(id.view)!, place = ofView[id.image];
    const shard = this.#shards[Math.floor(place / SHARD_RECORDS)];
    const row = this.#reading(() => shard.row(place % SHARD_RECORDS, id));
    if (row) return row;
    ofView[id.image] = NOWHERE;
    this.#count(id.view, -1);
    this.options.log(
      `The cache's file "${shard.path}" is damaged at record ${place % SHARD_RECORDS}: it is computed anew`,
    );
    this.#removeIndex(shard); // which lists it
    return null;
  }

  #removeIndex({ path }: Shard): void {
    const index = shardIndexFile(path);
    try {
      Deno.removeSync(index);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      this.options.log(
        `Cannot remove the file "${index}", which still lists it: ${(error as Error).message}`,
      );
    }
  }

  #tellDamage(): void {
    for (const { path, damaged } of this.#shards) {
      if (damaged === 0) continue;
      this.options.log(
        `The cache's file "${path}" has ${damaged} damaged records, which are left out and computed anew`,
      );
    }
  }

  /** The shard to append to: one that nobody else does and that has room, or a new one. */
  #ownShard(): { number: number; shard: Shard } {
    if (this.#own) {
      const shard = this.#shards[this.#own.shard];
      if (shard.length < this.#capacity) return { number: this.#own.shard, shard };
      this.#release();
    }
    for (let number = 0;; number++) {
      if (number === this.#shards.length) this.#createShard();
      const shard = this.#shards[number];
      if (shard.records >= this.#capacity) continue;
      const lock = tryLockFile(`${shard.path}.lock`);
      if (!lock) continue;
      try {
        this.#scan(shard, number); // what its last owner has added
        shard.cutTail();
        removeLeftoversOfSync(shardIndexFile(shard.path));
      } catch (error) {
        lock[Symbol.dispose]();
        throw error;
      }
      this.#own = { shard: number, lock };
      if (shard.length < this.#capacity) return { number, shard };
      this.#release();
    }
  }

  #createShard(): void {
    // After the last: one in between may have been taken away.
    const last = Math.max(-1, ...[...this.#names].map((name) => parseInt(name)));
    const name = `${last + 1}`.padStart(6, "0") + ".embeddings";
    try {
      Deno.openSync(join(this.folder, name), { write: true, createNew: true }).close();
    } catch (error) {
      // Another process was faster: its shard is taken in all the same.
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
    this.#openShard(name);
  }

  #release(): void {
    if (!this.#own) return;
    const { shard: number, lock } = this.#own, shard = this.#shards[number];
    this.#own = null;
    try {
      shard.sync();
      writeShardIndex(shard.path, this.#idsOf(number));
    } catch (error) {
      // Without an index the next opening reads the shard through, and drops what did not reach the disk.
      this.options.log(`Cannot finish the cache's file "${shard.path}": ${(error as Error).message}`);
    } finally {
      lock[Symbol.dispose]();
    }
  }

  /** By record; null where it is damaged, or one of a view that another record is listed for. */
  #idsOf(shard: number): (ViewId | null)[] {
    const ids = new Array<ViewId | null>(this.#shards[shard].length).fill(null);
    for (const [view, places] of this.#places) {
      places.forEach((place, image) => {
        if (place !== NOWHERE && Math.floor(place / SHARD_RECORDS) === shard) {
          ids[place % SHARD_RECORDS] = { image, view };
        }
      });
    }
    return ids;
  }
}

/** The shards of a cache, in the order in which they came to be. */
export function shardNames(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    /^\d{6}\.embeddings$/.test(name)
  )
    .sort();
}

async function requireCacheOf(
  folder: string,
  { identity, about, signal }: DiskStoreOptions,
): Promise<void> {
  try {
    // One that is there is only read: whoever may do no more can train from a full cache.
    if (isCacheOf(folder, identity)) return;
    await Deno.mkdir(folder, { recursive: true });
    using _lock = await lockFile(join(folder, "cache.lock"), signal);
    if (isCacheOf(folder, identity)) return;
    const manifest: CacheManifest = { format: 1, identity, about };
    await writeTextAtomically(join(folder, MANIFEST), JSON.stringify(manifest, null, 2) + "\n");
  } catch (error) {
    if (error instanceof RunError || error === signal.reason) throw error;
    throw new RunError(
      `Cannot make the cache "${folder}": ${
        (error as Error).message
      }; name another folder in teacher.cache.dir, on a ` +
        "file system that can be written and has locks (of network file systems some have none)",
      { cause: error },
    );
  }
}

/** @returns false if there is none. */
function isCacheOf(folder: string, identity: CacheIdentity): boolean {
  const found = readManifest(folder);
  if (found) requireSameIdentity(folder, found.identity, identity);
  return found !== null;
}
