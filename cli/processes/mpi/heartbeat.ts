import { ProcessesError } from "@seed/core/text";
import { Contact, silenceOf } from "../contact.ts";
import type { Mpi } from "./mpi.ts";

/** What the worker needs. */
export interface HeartbeatStart {
  path: string;
  rank: number;
  size: number;
  /** Number of the process that has started this one; null: it may be gone. */
  starter: number | null;
}

/** What the worker says. */
export type HeartbeatNews = { silent: number } | { orphaned: true } | { stopped: true };

/**
 * Tells whether the other processes are alive. A process that was stopped, or whose machine is gone, answers nothing:
 * the calls of the others would wait for ever. So each tells the first one twice a second that it is there, and the
 * first tells all; on a thread of its own, since a step's trace keeps the main one busy for long. What has started
 * the processes of one machine is watched too: nobody else would end them.
 */
export class Heartbeat {
  readonly #contact = new Contact();
  #stopped = Promise.withResolvers<void>();

  private constructor(private readonly worker: Worker, hosts: readonly string[]) {
    worker.onmessage = ({ data }: MessageEvent<HeartbeatNews>) => {
      if ("stopped" in data) this.#stopped.resolve();
      else {
        this.#contact.lose(
          "orphaned" in data ? new ProcessesError(ORPHANED) : silenceOf(data.silent, hosts[data.silent]),
        );
      }
    };
  }

  /** @param hosts Name of each process's machine, as far as it is known; may come to be known later. */
  static start(
    mpi: Mpi,
    place: Pick<HeartbeatStart, "rank" | "size" | "starter">,
    hosts: readonly string[],
  ): Heartbeat {
    const worker = new Worker(new URL("./heartbeat_worker.ts", import.meta.url), { type: "module" });
    worker.postMessage({ path: mpi.path, ...place } satisfies HeartbeatStart);
    return new Heartbeat(worker, hosts);
  }

  /**
   * Waits for something that needs the others.
   *
   * @throws {ProcessesError} If one of them is silent for too long.
   */
  async race<T>(promise: Promise<T>): Promise<T> {
    return await this.#contact.race(promise);
  }

  /** Stops watching. */
  async stop(): Promise<void> {
    this.worker.postMessage("stop");
    await this.race(this.#stopped.promise);
    this.worker.terminate();
  }
}

/** What is said where nobody would end the processes any more. */
export const ORPHANED = "What started the processes of this run is gone";
