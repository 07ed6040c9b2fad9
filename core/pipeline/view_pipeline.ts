import type { ImageReference } from "../data_source.ts";
import { RunError } from "../errors.ts";
import type { KeyPart } from "../random.ts";
import type { AugmenterModule, StartMessage, ViewTask, WorkerReply } from "./messages.ts";

/** Views to make: one of each image. */
export interface BatchRequest {
  readonly images: readonly ImageReference[];
  /** Keys of the random choices, one an image; null: evaluation views, without augmentation. */
  readonly keys: readonly KeyPart[][] | null;
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
  workers: number;
  seed: number;
  /** Batches that are made ahead; default 3. */
  ahead?: number;
}

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
  /** Buffers of delivered batches, by size in bytes, to be filled again. */
  readonly #free = new Map<number, SharedArrayBuffer[]>();
  /** Milliseconds that the consumer has waited for batches. */
  waited = 0;

  private constructor(workers: PipelineWorker[], ahead: number) {
    this.#workers = workers;
    this.#ahead = ahead;
  }

  /** @throws {RunError} If a worker cannot load the augmenter. */
  static async start({ augmenter, workers, seed, ahead = 3 }: PipelineOptions): Promise<ViewPipeline> {
    const message: StartMessage = { kind: "start", augmenter, seed };
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
    const { images, keys, size, shortSide } = request, bytes = size * size * 3;
    const buffer = this.#free.get(images.length * bytes)?.pop() ??
      new SharedArrayBuffer(images.length * bytes);
    const views = await Promise.allSettled(images.map((image, i) => {
      const worker = this.#workers[i % this.#workers.length];
      return worker.make({ image, key: keys && keys[i], size, shortSide, target: buffer, offset: i * bytes });
    }));
    // Of several images that fail the first is told, whichever worker was faster.
    const failed = views.find((view) => view.status === "rejected");
    if (failed) throw failed.reason;
    return { buffer, request };
  }

  #giveBack(buffer: SharedArrayBuffer): void {
    const free = this.#free.get(buffer.byteLength) ?? [];
    this.#free.set(buffer.byteLength, free);
    free.push(buffer);
  }
}

/** The main thread's end of a worker. */
class PipelineWorker {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  readonly #waiting = new Map<number, { resolve(): void; reject(error: Error): void; image: string }>();
  readonly #ready = Promise.withResolvers<void>();
  #nextId = 0;
  /** Why it makes no views any more. */
  #ended: Error | null = null;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#end(new RunError(`A data worker died: ${event.message}`));
    };
  }

  async start(message: StartMessage): Promise<void> {
    this.#worker.postMessage(message);
    await this.#ready.promise;
  }

  make(task: Omit<ViewTask, "kind" | "id">): Promise<void> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, image: task.image.name });
      this.#worker.postMessage({ kind: "view", id, ...task } satisfies ViewTask);
    });
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
    const waiting = this.#waiting.get(reply.id!)!;
    this.#waiting.delete(reply.id!);
    if (reply.kind === "done") return waiting.resolve();
    waiting.reject(new RunError(`Cannot make a view of the image "${waiting.image}": ${reply.message}`));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#ready.reject(error);
    this.#ready.promise.catch(() => {}); // whoever waits for it is told; later nobody does
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
