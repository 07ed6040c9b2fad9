import type { ImageReference, ImageSet } from "../../interfaces/data_source.ts";
import { RunError } from "../../errors.ts";
import type { KeyPart } from "../../random.ts";
import type { AugmenterModule, StartMessage, ViewTask, WorkerReply } from "./messages.ts";

/** Views to make: one of each image. */
export interface BatchRequest<Tag = unknown> {
  readonly images: readonly ImageReference[];
  /** Keys of the random choices, one an image; null: evaluation views, without augmentation. */
  readonly keys: readonly KeyPart[][] | null;
  /** Number of the augmenter that makes them; default 0. */
  readonly augmenter?: number;
  /** Side of the views in pixels. */
  readonly size: number;
  /** Of evaluation views: what the short side is resized to; default `size / 0.875`. */
  readonly shortSide?: number;
  /** Comes back with the batch: what it was asked for. */
  readonly tag?: Tag;
}

/** Views that are made. */
export interface Batch<Tag = unknown> {
  /** `[images, size, size, 3]` uint8 RGB; valid until the next batch is asked for. */
  readonly pixels: Uint8Array;
  readonly size: number;
  /** The request's. */
  readonly tag: Tag;
}

/** How a pipeline is made. */
export interface PipelineOptions {
  /** What makes views: requests name them by their numbers. None: evaluation views only. */
  augmenters: readonly AugmenterModule[];
  workers: number;
  seed: number;
  /** Batches that are made ahead; default 3. */
  ahead?: number;
  /** Told when a worker has died and another takes its place; absent: nobody is. */
  log?(message: string): void;
}

/** An image that no view can be made of. */
export interface BrokenImage {
  index: number;
  name: string;
  /** Why. */
  message: string;
}

/** Side of the views that images are checked with, in pixels. */
const CHECK_SIZE = 8;
/** Images that are checked between two looks at the signal. */
const CHECKED_AT_ONCE = 1024;

/** One is being made while the next is read; more would only hold pictures in memory. */
const TASKS_OF_A_WORKER = 2;

/** More threads than this wait for the disk, not the processor. */
const MAX_AUTO_WORKERS = 8;

/** As many threads as there are cores, within reason. */
export function autoWorkers(): number {
  return Math.min(MAX_AUTO_WORKERS, navigator.hardwareConcurrency);
}

/**
 * Makes batches of views in worker threads. Results do not depend on the number of workers: every random choice
 * comes from the view's key, and batches are delivered in the order they were asked for. A worker that dies is
 * replaced, and makes what it had begun anew; a view that two workers died of is an error.
 */
export class ViewPipeline implements AsyncDisposable {
  readonly #workers: PipelineWorker[] = [];
  readonly #ahead: number;
  /** Views that no worker has begun, in the order they were asked for. */
  readonly #backlog: Task[] = [];
  /** Buffers of delivered batches, by size in bytes, to be filled again. */
  readonly #free = new Map<number, SharedArrayBuffer[]>();
  readonly #starting = new Set<PipelineWorker>();
  /** Why no views are made any more. */
  #ended: Error | null = null;
  #waited = 0;
  #waitingSince: number | null = null;

  private constructor(private readonly start: StartMessage, private readonly options: PipelineOptions) {
    this.#ahead = options.ahead ?? 3;
  }

  /** @throws {RunError} If a worker cannot load the augmenter. */
  static async start(options: PipelineOptions): Promise<ViewPipeline> {
    const { augmenters, workers, seed } = options;
    const pipeline = new ViewPipeline({ kind: "start", augmenters, seed }, options);
    try {
      await Promise.all(Array.from({ length: workers }, () => pipeline.#startWorker()));
      return pipeline;
    } catch (error) {
      await pipeline[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Milliseconds that the consumer has waited for batches until now. */
  get waited(): number {
    return this.#waited + (this.#waitingSince === null ? 0 : performance.now() - this.#waitingSince);
  }

  /** Delivers the batches in order, a few of them made ahead. */
  async *batches<Tag>(requests: Iterable<BatchRequest<Tag>>): AsyncGenerator<Batch<Tag>> {
    const pending: Promise<{ buffer: SharedArrayBuffer; request: BatchRequest<Tag> }>[] = [];
    const source = requests[Symbol.iterator]();
    const fill = () => {
      while (pending.length < this.#ahead) {
        const { done, value } = source.next();
        if (done) return;
        const batch = this.#make(value);
        batch.catch(() => {}); // reported when its turn comes
        pending.push(batch);
      }
    };
    try {
      for (fill(); pending.length; fill()) {
        const { buffer, request } = await this.#waitFor(pending.shift()!);
        try {
          const { size, tag } = request;
          yield { pixels: new Uint8Array(buffer), size, tag: tag as Tag };
        } finally {
          this.#giveBack(buffer);
        }
      }
    } finally {
      // A batch that failed keeps its buffer: other views of it may still be written.
      for (const batch of await Promise.allSettled(pending)) {
        if (batch.status === "fulfilled") this.#giveBack(batch.value.buffer);
      }
    }
  }

  /**
   * Looks at every image.
   *
   * @param broken Called, in order, with each that no view can be made of.
   * @param progress Told how many images were looked at.
   */
  async check(
    images: ImageSet,
    { signal, broken, progress }: {
      signal: AbortSignal;
      broken(image: BrokenImage): void;
      progress?(done: number): void;
    },
  ): Promise<void> {
    const target = new SharedArrayBuffer(CHECK_SIZE ** 2 * 3);
    for (let first = 0; first < images.length; first += CHECKED_AT_ONCE) {
      signal.throwIfAborted();
      const count = Math.min(CHECKED_AT_ONCE, images.length - first);
      const view = { key: null, augmenter: 0, size: CHECK_SIZE, target, offset: 0 };
      const tasks = Array.from(
        { length: count },
        (_, i) => taskOf({ image: images.image(first + i), ...view }),
      );
      const views = await this.#run(tasks);
      if (this.#ended) throw this.#ended;
      views.forEach((view, i) => {
        if (view.status === "fulfilled") return;
        broken({ index: first + i, name: tasks[i].view.image.name, message: view.reason.message });
      });
      progress?.(first + count);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end(new Error("The pipeline was stopped"));
    await Promise.resolve();
  }

  async #make<Tag>(
    request: BatchRequest<Tag>,
  ): Promise<{ buffer: SharedArrayBuffer; request: BatchRequest<Tag> }> {
    const { images, keys, augmenter = 0, size, shortSide } = request, bytes = size * size * 3;
    const buffer = this.#free.get(images.length * bytes)?.pop() ??
      new SharedArrayBuffer(images.length * bytes);
    const tasks = images.map((image, i) =>
      taskOf({ image, key: keys && keys[i], augmenter, size, shortSide, target: buffer, offset: i * bytes })
    );
    const views = await this.#run(tasks);
    // Of several images that fail the first is told, whichever worker was faster.
    const failed = views.find((view) => view.status === "rejected");
    if (failed) throw failed.reason;
    return { buffer, request };
  }

  async #waitFor<T>(made: Promise<T>): Promise<T> {
    this.#waitingSince = performance.now();
    try {
      return await made;
    } finally {
      this.#waited += performance.now() - this.#waitingSince;
      this.#waitingSince = null;
    }
  }

  async #run(tasks: readonly Task[]): Promise<PromiseSettledResult<void>[]> {
    this.#backlog.push(...tasks);
    this.#assign();
    return await Promise.allSettled(tasks.map(({ made }) => made.promise));
  }

  /** Gives workers that are free what waits. */
  #assign(): void {
    if (this.#ended) {
      for (const { made } of this.#backlog.splice(0)) made.reject(this.#ended);
      return;
    }
    for (const worker of this.#workers) {
      while (this.#backlog.length && worker.accepts(this.#backlog[0])) worker.make(this.#backlog.shift()!);
    }
  }

  async #startWorker(): Promise<void> {
    const worker = new PipelineWorker(
      () => this.#assign(),
      (error, tasks) => this.#replace(worker, error, tasks),
    );
    this.#starting.add(worker);
    try {
      await worker.start(this.start);
    } catch (error) {
      worker.stop(error as Error); // one that could not load the augmenter runs on
      throw error;
    } finally {
      this.#starting.delete(worker);
    }
    if (this.#ended) return worker.stop(this.#ended);
    this.#workers.push(worker);
    this.#assign();
  }

  /** What the worker had begun is begun anew by another, unless another has died of it before. */
  #replace(worker: PipelineWorker, error: Error, tasks: readonly Task[]): void {
    const at = this.#workers.indexOf(worker);
    if (at < 0) return; // it died while it started, which its start tells
    this.#workers.splice(at, 1);
    const [again, hopeless] = [false, true].map((isSecond) =>
      tasks.filter(({ deaths }) => deaths > 0 === isSecond)
    );
    for (const task of again) task.deaths++;
    this.#backlog.unshift(...again);
    for (const { made, view } of hopeless) {
      made.reject(new RunError(`${error.message}, twice, at a view of the image "${view.image.name}"`));
    }
    this.options.log?.(`${error.message}; another takes its place`);
    this.#startWorker().catch((reason) => this.#end(reason));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const worker of [...this.#workers.splice(0), ...this.#starting]) worker.stop(this.#ended);
    this.#assign();
  }

  #giveBack(buffer: SharedArrayBuffer): void {
    const free = this.#free.get(buffer.byteLength) ?? [];
    this.#free.set(buffer.byteLength, free);
    free.push(buffer);
  }
}

/** A view to make, and whoever waits for it. */
interface Task {
  view: Omit<ViewTask, "kind" | "id">;
  made: PromiseWithResolvers<void>;
  /** Workers that died while they made it. */
  deaths: number;
}

function taskOf(view: Task["view"]): Task {
  return { view, made: Promise.withResolvers(), deaths: 0 };
}

/** The main thread's end of a worker. */
class PipelineWorker {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  readonly #tasks = new Map<number, Task>();
  readonly #ready = Promise.withResolvers<void>();
  #nextId = 0;

  /**
   * @param onFree Called when a task is over.
   * @param onDeath Called when the worker has died by itself, with the tasks that it had.
   */
  constructor(
    private readonly onFree: () => void,
    private readonly onDeath: (error: Error, tasks: readonly Task[]) => void,
  ) {
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const error = new RunError(`A data worker died: ${event.message}`), tasks = [...this.#tasks.values()];
      this.#tasks.clear();
      this.#ready.reject(error);
      this.onDeath(error, tasks);
    };
  }

  /** A view that a worker may have died of is made alone: no other is blamed for it, or made twice in vain. */
  accepts({ deaths }: Task): boolean {
    const isAlone = deaths > 0 || [...this.#tasks.values()].some(({ deaths }) => deaths > 0);
    return this.#tasks.size < (isAlone ? 1 : TASKS_OF_A_WORKER);
  }

  async start(message: StartMessage): Promise<void> {
    this.#worker.postMessage(message);
    await this.#ready.promise;
  }

  make(task: Task): void {
    const id = this.#nextId++;
    this.#tasks.set(id, task);
    this.#worker.postMessage({ kind: "view", id, ...task.view } satisfies ViewTask);
  }

  /** Ends it; what it was given fails with the reason. */
  stop(reason: Error): void {
    this.#worker.terminate();
    this.#ready.reject(reason);
    this.#ready.promise.catch(() => {}); // whoever waits for it is told; later nobody does
    for (const { made } of this.#tasks.values()) made.reject(reason);
    this.#tasks.clear();
  }

  #receive(reply: WorkerReply): void {
    if (reply.kind === "ready") return this.#ready.resolve();
    if (reply.kind === "failed" && reply.id === null) {
      return this.#ready.reject(new RunError(`A data worker cannot load the augmenter: ${reply.message}`));
    }
    const { made, view } = this.#tasks.get(reply.id!)!;
    this.#tasks.delete(reply.id!);
    if (reply.kind === "done") made.resolve();
    else made.reject(new RunError(`Cannot make a view of the image "${view.image.name}": ${reply.message}`));
    this.onFree();
  }
}
