import type { ImageReference } from "../data_source.ts";
import { RunError } from "../errors.ts";
import type { Stream } from "../loss_terms.ts";
import type { KeyPart } from "../random.ts";
import type { AugmenterModule, StartMessage, ViewTask, WorkerReply } from "./messages.ts";

/** Views to make: one of each image. */
export interface BatchRequest {
  readonly images: readonly ImageReference[];
  /** Keys of the random choices, one an image; null: evaluation views, without augmentation. */
  readonly keys: readonly KeyPart[][] | null;
  /** Default: `views`. */
  readonly stream?: Stream;
  /** Side of the views in pixels. */
  readonly size: number;
  /** Of evaluation views: what the short side is resized to; default `size / 0.875`. */
  readonly shortSide?: number;
}

/** Views that are made. */
export interface Batch {
  /** `[images, size, size, 3]` uint8 RGB; valid until the next batch is asked for. */
  readonly pixels: Uint8Array;
  readonly size: number;
}

/** How a pipeline is made. */
export interface PipelineOptions {
  /** Null: evaluation views only. */
  augmenter: AugmenterModule | null;
  /** What makes small patches, if there are any. */
  patchAugmenter?: AugmenterModule | null;
  workers: number;
  seed: number;
  /** Batches that are made ahead; default 3. */
  ahead?: number;
}

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
 * comes from the view's key, and batches are delivered in the order they were asked for.
 */
export class ViewPipeline implements AsyncDisposable {
  readonly #workers: PipelineWorker[];
  readonly #ahead: number;
  /** Views that no worker has begun, in the order they were asked for. */
  readonly #backlog: Task[] = [];
  /** Buffers of delivered batches, by size in bytes, to be filled again. */
  readonly #free = new Map<number, SharedArrayBuffer[]>();
  /** Milliseconds that the consumer has waited for batches. */
  waited = 0;

  private constructor(workers: PipelineWorker[], ahead: number) {
    this.#workers = workers;
    this.#ahead = ahead;
    for (const worker of workers) worker.onFree = () => this.#assign();
  }

  /** @throws {RunError} If a worker cannot load the augmenter. */
  static async start(
    { augmenter, patchAugmenter = null, workers, seed, ahead = 3 }: PipelineOptions,
  ): Promise<ViewPipeline> {
    const message: StartMessage = { kind: "start", augmenter, patchAugmenter, seed };
    const started = Array.from({ length: workers }, () => new PipelineWorker());
    try {
      await Promise.all(started.map((worker) => worker.start(message)));
    } catch (error) {
      for (const worker of started) worker.stop();
      throw error;
    }
    return new ViewPipeline(started, ahead);
  }

  /** Delivers the batches in order, a few of them made ahead. */
  async *batches(requests: Iterable<BatchRequest>): AsyncGenerator<Batch> {
    const pending: Promise<{ buffer: SharedArrayBuffer; request: BatchRequest }>[] = [];
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
        const started = performance.now();
        const { buffer, request } = await pending.shift()!;
        this.waited += performance.now() - started;
        try {
          yield { pixels: new Uint8Array(buffer), size: request.size };
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

  // deno-lint-ignore require-await
  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.#workers) worker.stop();
  }

  async #make(request: BatchRequest): Promise<{ buffer: SharedArrayBuffer; request: BatchRequest }> {
    const { images, keys, stream = "views", size, shortSide } = request, bytes = size * size * 3;
    const buffer = this.#free.get(images.length * bytes)?.pop() ??
      new SharedArrayBuffer(images.length * bytes);
    const tasks = images.map((image, i): Task => ({
      view: { image, key: keys && keys[i], stream, size, shortSide, target: buffer, offset: i * bytes },
      made: Promise.withResolvers(),
    }));
    this.#backlog.push(...tasks);
    this.#assign();
    const views = await Promise.allSettled(tasks.map(({ made }) => made.promise));
    // Of several images that fail the first is told, whichever worker was faster.
    const failed = views.find((view) => view.status === "rejected");
    if (failed) throw failed.reason;
    return { buffer, request };
  }

  /** Gives workers that are free what waits. A worker that has ended makes everything fail: views are missing. */
  #assign(): void {
    const ended = this.#workers.find(({ ended }) => ended)?.ended;
    if (ended) {
      for (const { made } of this.#backlog.splice(0)) made.reject(ended);
      return;
    }
    for (const worker of this.#workers) {
      while (worker.tasks < TASKS_OF_A_WORKER && this.#backlog.length) worker.make(this.#backlog.shift()!);
    }
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
}

/** The main thread's end of a worker. */
class PipelineWorker {
  /** Called when a task is over, or the worker. */
  onFree = () => {};
  /** Why it makes no views any more. */
  ended: Error | null = null;
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  readonly #tasks = new Map<number, Task>();
  readonly #ready = Promise.withResolvers<void>();
  #nextId = 0;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#end(new RunError(`A data worker died: ${event.message}`));
    };
  }

  /** How many views it was given and has not made. */
  get tasks(): number {
    return this.#tasks.size;
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

  stop(): void {
    this.#worker.terminate();
    this.#end(new Error("The pipeline was stopped"));
  }

  #receive(reply: WorkerReply): void {
    if (reply.kind === "ready") return this.#ready.resolve();
    if (reply.kind === "failed" && reply.id === null) {
      return this.#end(new RunError(`A data worker cannot load the augmenter: ${reply.message}`));
    }
    const { made, view } = this.#tasks.get(reply.id!)!;
    this.#tasks.delete(reply.id!);
    if (reply.kind === "done") made.resolve();
    else made.reject(new RunError(`Cannot make a view of the image "${view.image.name}": ${reply.message}`));
    this.onFree();
  }

  #end(error: Error): void {
    this.ended ??= error;
    this.#ready.reject(error);
    this.#ready.promise.catch(() => {}); // whoever waits for it is told; later nobody does
    for (const { made } of this.#tasks.values()) made.reject(error);
    this.#tasks.clear();
    this.onFree();
  }
}
