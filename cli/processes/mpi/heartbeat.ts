import { ProcessesError } from "@seed/core";
import type { Mpi } from "./mpi.ts";

/** What the worker needs. */
export interface HeartbeatStart {
  path: string;
  /** A communicator of its own. */
  comm: bigint;
  rank: number;
  size: number;
}

/** What the worker says. */
export type HeartbeatNews = { silent: number } | { stopped: true };

/**
 * Tells whether the other processes are alive. A process that was stopped, or whose machine is gone, answers nothing:
 * the calls of the others would wait for ever. So each tells the first one every second that it is there, and the
 * first tells all; on a thread of its own, since a step's trace keeps the main one busy for long.
 */
export class Heartbeat {
  readonly #silence = Promise.withResolvers<never>();
  #stopped = Promise.withResolvers<void>();

  private constructor(private readonly worker: Worker, hosts: readonly string[]) {
    this.#silence.promise.catch(() => {}); // told by whoever waits for the others
    worker.onmessage = ({ data }: MessageEvent<HeartbeatNews>) => {
      if ("stopped" in data) this.#stopped.resolve();
      else this.#silence.reject(new ProcessesError(silenceOf(data.silent, hosts[data.silent])));
    };
  }

  /** @param hosts Name of each process's machine, as far as it is known; may come to be known later. */
  static start(
    mpi: Mpi,
    { rank, size }: { rank: number; size: number },
    hosts: readonly string[],
  ): Heartbeat {
    const comm = mpi.ask((into) => mpi.calls.MPI_Comm_dup(mpi.abi.world, into));
    const worker = new Worker(new URL("./heartbeat_worker.ts", import.meta.url), { type: "module" });
    worker.postMessage({ path: mpi.path, comm, rank, size } satisfies HeartbeatStart);
    return new Heartbeat(worker, hosts);
  }

  /**
   * Waits for something that needs the others.
   *
   * @throws {ProcessesError} If one of them is silent for too long.
   */
  async race<T>(promise: Promise<T>): Promise<T> {
    return await Promise.race([promise, this.#silence.promise]);
  }

  /** Stops watching. */
  async stop(): Promise<void> {
    this.worker.postMessage("stop");
    await this.race(this.#stopped.promise);
    this.worker.terminate();
  }
}

/** What is said of a process that gives no sign of life. */
export function silenceOf(rank: number, host: string | undefined): string {
  const where = host === undefined ? "" : ` on ${host}`;
  return `Process ${rank}${where} does not answer: it was stopped, its machine is gone, or the network is`;
}
