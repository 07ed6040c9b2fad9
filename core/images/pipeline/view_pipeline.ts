import { resolve } from "node:path";
import type { ImageReference, ImageSet } from "../../interfaces/data_source.ts";
import { BrokenImageError } from "../broken_image_error.ts";
import type { KeyPart } from "../../random.ts";
import type { AugmenterModule, StartMessage } from "./messages.ts";
import { PipelineWorker, STUCK_SECONDS, type Task, taskOf } from "./pipeline_worker.ts";

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
  /** Seconds that a worker may take for a view before it is ended; default 150. */
  stuckSeconds?: number;
  /** Told what augmenters say, and when a worker has died and another takes its place; absent: nobody is. */
  log?(message: string): void;
  /** Aborted: the augmenters' signals are too. Views are made all the same, until the pipeline is disposed of. */
  signal?: AbortSignal;
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

/**
 * Makes batches of views in worker threads. Results do not depend on the number of workers: every random choice
 * comes from the view's key, and batches are delivered in the order they were asked for. A worker that dies is
 * replaced, and makes what it had begun anew; a view that two workers died of is an error. So is a view that takes too
 * long: its worker is ended. A worker that a giant picture has left much memory in is replaced when it is done.
 */
export class ViewPipeline implements AsyncDisposable {
  readonly #workers: PipelineWorker[] = [];
  readonly #ahead: number;
  /** Views that no worker has begun, in the order they were asked for. */
  readonly #backlog: Task[] = [];
  /** Buffers of delivered batches, by size in bytes, to be filled again. */
  readonly #free = new Map<number, SharedArrayBuffer[]>();
  readonly #starting = new Set<PipelineWorker>();
  /** Workers that are being ended. */
  readonly #ending = new Set<Promise<void>>();
  /** Why no views are made any more. */
  #ended: Error | null = null;
  #waited = 0;
  /** Consumers that wait now; the first of them since `#waitingSince`. */
  #waiting = 0;
  #waitingSince = 0;
  readonly #clock = setInterval(() => {
    for (const worker of [...this.#workers]) worker.tick();
  }, 1000);

  private constructor(private readonly start: StartMessage, private readonly options: PipelineOptions) {
    this.#ahead = options.ahead ?? 3;
    Deno.unrefTimer(this.#clock);
  }

  /** @throws {RunError} If a worker cannot load the augmenter. */
  static async start(options: PipelineOptions): Promise<ViewPipeline> {
    const { augmenters, workers, seed } = options;
    const start: StartMessage = { kind: "start", augmenters, seed, base: resolve(".") };
    const pipeline = new ViewPipeline(start, options);
    options.signal?.addEventListener("abort", pipeline.#interrupt);
    try {
      await Promise.all(Array.from({ length: workers }, () => pipeline.#startWorker()));
      return pipeline;
    } catch (error) {
      await pipeline[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Milliseconds in which a consumer, or several at once, waited for batches until now. */
  get waited(): number {
    return this.#waited + (this.#waiting ? performance.now() - this.#waitingSince : 0);
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

  /** Tells the augmenters by their signals and ends the workers; then whoever waits for a batch is told. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.options.signal?.removeEventListener("abort", this.#interrupt);
    clearInterval(this.#clock);
    this.#ended ??= new Error("The pipeline was stopped");
    const workers = this.#takeWorkers();
    for (const worker of workers) this.#endWorker(worker, this.#ended);
    await Promise.all(this.#ending);
    for (const worker of workers) worker.fail(this.#ended);
    this.#assign();
  }

  readonly #interrupt = (): void => {
    for (const worker of [...this.#workers, ...this.#starting]) worker.interrupt(this.options.signal!.reason);
  };

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
    if (this.#waiting++ === 0) this.#waitingSince = performance.now();
    try {
      return await made;
    } finally {
      if (--this.#waiting === 0) this.#waited += performance.now() - this.#waitingSince;
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
    const { log, signal, stuckSeconds } = this.options;
    const worker = new PipelineWorker({
      onFree: () => this.#assign(),
      onDeath: (error, tasks) => this.#replace(worker, error, tasks),
      onStuck: (tasks) => this.#stuck(worker, tasks),
      onWornOut: () => this.#renew(worker),
      onLog: (message) => log?.(message),
    }, stuckSeconds);
    this.#starting.add(worker);
    if (signal?.aborted) worker.interrupt(signal.reason);
    try {
      await worker.start(this.start);
    } catch (error) {
      this.#endWorker(worker, error as Error); // one that could not load the augmenter runs on
      throw error;
    } finally {
      this.#starting.delete(worker);
    }
    if (this.#ended) return this.#endWorker(worker, this.#ended);
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
      made.reject(BrokenImageError.of(view.image, `${error.message}, twice`));
    }
    this.options.log?.(`${error.message}; another takes its place`);
    this.#startWorker().catch((reason) => this.#end(reason));
  }

  /** Of two views in a worker either may be the one that takes too long: each is made anew, alone. */
  #stuck(worker: PipelineWorker, tasks: readonly Task[]): void {
    if (tasks.length > 1) {
      for (const task of tasks) task.deaths++;
      this.#backlog.unshift(...tasks);
    } else {
      const [{ made, view: { image } }] = tasks, seconds = this.options.stuckSeconds ?? STUCK_SECONDS;
      made.reject(BrokenImageError.of(image, `it takes more than ${seconds} s; take the image out`));
    }
    this.options.log?.("A data worker has finished nothing for too long; another takes its place");
    this.#renew(worker);
  }

  /** Another takes its place. */
  #renew(worker: PipelineWorker): void {
    const at = this.#workers.indexOf(worker);
    if (at >= 0) this.#workers.splice(at, 1);
    this.#endWorker(worker, new Error("Another worker has taken its place"));
    this.#startWorker().catch((reason) => this.#end(reason));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const worker of this.#takeWorkers()) {
      worker.fail(this.#ended);
      this.#endWorker(worker, this.#ended);
    }
    this.#assign();
  }

  #takeWorkers(): PipelineWorker[] {
    return [...this.#workers.splice(0), ...this.#starting];
  }

  #endWorker(worker: PipelineWorker, reason: Error): void {
    const ending = worker.end(reason).finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  #giveBack(buffer: SharedArrayBuffer): void {
    const free = this.#free.get(buffer.byteLength) ?? [];
    this.#free.set(buffer.byteLength, free);
    free.push(buffer);
  }
}
