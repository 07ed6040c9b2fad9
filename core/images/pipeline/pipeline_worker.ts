import { RunError } from "../../errors.ts";
import { BrokenImageError } from "../broken_image_error.ts";
import type { AbortMessage, StartMessage, ViewTask, WorkerReply } from "./messages.ts";

/** One is being made while the next is read; more would only hold pictures in memory. */
const TASKS_OF_A_WORKER = 2;

/** Milliseconds that a worker has to tell its augmenters that it ends; one that computes without a pause is ended. */
const GRACE = 1000;

/** A view to make, and whoever waits for it. */
export interface Task {
  view: Omit<ViewTask, "kind" | "id">;
  made: PromiseWithResolvers<void>;
  /** Workers that died while they made it. */
  deaths: number;
}

/** A task that nobody has begun. */
export function taskOf(view: Task["view"]): Task {
  return { view, made: Promise.withResolvers(), deaths: 0 };
}

/** Seconds of a clock that stands still with this process, after which a worker that has finished nothing is ended. */
export const STUCK_SECONDS = 150;

/** Whom a worker tells what happens in it. */
export interface WorkerEvents {
  /** A task is over. */
  onFree(): void;
  /** The worker has died by itself, with the tasks that it had. */
  onDeath(error: Error, tasks: readonly Task[]): void;
  /** It has finished nothing for too long; it is to be ended, and the tasks that it had told or made anew. */
  onStuck(tasks: readonly Task[]): void;
  /** It has no more tasks and takes none: it is to be ended, and another to take its place. */
  onWornOut(): void;
  /** An augmenter says something. */
  onLog(message: string): void;
}

/** The main thread's end of a worker. */
export class PipelineWorker {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  readonly #tasks = new Map<number, Task>();
  readonly #ready = Promise.withResolvers<void>();
  /** Its augmenters know that it ends, or it is dead. */
  readonly #ended = Promise.withResolvers<void>();
  #isEnding = false;
  /** A giant picture's memory stays with it: it finishes what it has, and no more. */
  #isWornOut = false;
  /** Seconds since it was given something or finished something. */
  #waited = 0;
  #nextId = 0;

  /** @param stuckSeconds What it may take for a view, or two. */
  constructor(private readonly events: WorkerEvents, private readonly stuckSeconds = STUCK_SECONDS) {
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const error = new RunError(`A data worker died: ${event.message}`), tasks = [...this.#tasks.values()];
      this.#tasks.clear();
      this.#ready.reject(error);
      this.#ended.resolve();
      this.events.onDeath(error, tasks);
    };
  }

  /** A view that a worker may have died of is made alone: no other is blamed for it, or made twice in vain. */
  accepts({ deaths }: Task): boolean {
    if (this.#isWornOut) return false;
    const isAlone = deaths > 0 || [...this.#tasks.values()].some(({ deaths }) => deaths > 0);
    return this.#tasks.size < (isAlone ? 1 : TASKS_OF_A_WORKER);
  }

  async start(message: StartMessage): Promise<void> {
    this.#worker.postMessage(message);
    await this.#ready.promise;
  }

  make(task: Task): void {
    const id = this.#nextId++;
    if (this.#tasks.size === 0) this.#waited = 0;
    this.#tasks.set(id, task);
    this.#worker.postMessage({ kind: "view", id, ...task.view } satisfies ViewTask);
  }

  /** A second is over. Whoever calls it stands still with the process, so one that was stopped blames no picture. */
  tick(): void {
    if (this.#tasks.size === 0 || ++this.#waited <= this.stuckSeconds) return;
    const tasks = [...this.#tasks.values()];
    this.#tasks.clear();
    this.events.onStuck(tasks);
  }

  /** Aborts its augmenters' signals. */
  interrupt(reason: unknown): void {
    this.#abort(reason, false);
  }

  /** What it was given fails with the reason. */
  fail(reason: Error): void {
    this.#ready.reject(reason);
    this.#ready.promise.catch(() => {}); // whoever waits for it is told; later nobody does
    for (const { made } of this.#tasks.values()) made.reject(reason);
    this.#tasks.clear();
  }

  /** Ends it, its augmenters' signals aborted. What it was given is left as it is: {@link fail} tells it. */
  async end(reason: Error): Promise<void> {
    this.#isEnding = true;
    this.#abort(reason, true);
    const timer = setTimeout(() => this.#ended.resolve(), GRACE);
    await this.#ended.promise;
    clearTimeout(timer);
    this.#worker.terminate();
  }

  #abort(reason: unknown, isEnd: boolean): void {
    const text = reason instanceof Error ? reason.message : String(reason);
    this.#worker.postMessage({ kind: "abort", reason: text, isEnd } satisfies AbortMessage);
  }

  #receive(reply: WorkerReply): void {
    if (reply.kind === "log") return this.events.onLog(reply.message);
    if (reply.kind === "ended") return this.#ended.resolve();
    if (this.#isEnding) return;
    if (reply.kind === "ready") return this.#ready.resolve();
    if (reply.kind === "failed" && reply.id === null) {
      return this.#ready.reject(new RunError(`A data worker cannot load the augmenter: ${reply.message}`));
    }
    const task = this.#tasks.get(reply.id!);
    if (!task) return; // what a worker says before it dies may come after its death, when others have its tasks
    const { made, view } = task;
    this.#tasks.delete(reply.id!);
    this.#waited = 0;
    if (reply.kind === "done") made.resolve();
    else {
      const broken = BrokenImageError.of(view.image, reply.message);
      made.reject(reply.isPictures ? broken : new RunError(broken.message));
    }
    if (reply.isBloated) this.#isWornOut = true;
    if (!this.#isWornOut) this.events.onFree();
    else if (this.#tasks.size === 0) this.events.onWornOut();
  }
}
