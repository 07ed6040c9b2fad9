import { hostname } from "node:os";
import { ProcessesError, RunError } from "@seed/core/text";
import { Contact, FirstLostError } from "../contact.ts";
import type { Watch } from "../mpi/mpi_processes.ts";
import type { Meeting } from "./variables.ts";
import type { Beginning } from "./wire.ts";
import type { MeetingNews, MeetingRequest, MeetingStart } from "./worker.ts";

/** Milliseconds that a farewell may take. */
const FAREWELL = 2000;

/**
 * How the processes of a run find each other that nothing but variables has brought together, and how each knows that
 * the others live. It is done by a thread of its own, since a step's trace, and MPI, keep the main one busy for long.
 */
export class Rendezvous implements Watch {
  readonly #contact = new Contact();
  readonly #begun = Promise.withResolvers<{ begin: Beginning; address: string }>();
  readonly #done = Promise.withResolvers<void>();

  private constructor(private readonly worker: Worker) {
    worker.onmessage = ({ data }: MessageEvent<MeetingNews>) => {
      if ("begin" in data) this.#begun.resolve(data);
      else if ("done" in data) this.#done.resolve();
      else this.#contact.lose(new (data.isFirst ? FirstLostError : ProcessesError)(data.lost));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#contact.lose(new RunError(event.message));
    };
  }

  /**
   * Meets the others: the first process listens, the others come.
   *
   * @param library The MPI library.
   * @throws {ProcessesError} If they do not meet: who is missing, or what is wrong.
   */
  static async meet(
    meeting: Meeting,
    library: string,
    signal: AbortSignal,
  ): Promise<{ rendezvous: Rendezvous; begin: Beginning; address: string }> {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    const rendezvous = new Rendezvous(worker);
    worker.postMessage({ meeting, host: hostname(), library } satisfies MeetingStart);
    const stop = () => rendezvous.#begun.reject(signal.reason);
    signal.addEventListener("abort", stop);
    try {
      signal.throwIfAborted();
      return { rendezvous, ...await rendezvous.race(rendezvous.#begun.promise) };
    } catch (error) {
      worker.terminate();
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async race<T>(promise: Promise<T>): Promise<T> {
    return await this.#contact.race(promise);
  }

  /** The watch goes on to the very end: see {@link leave}. */
  async stop(): Promise<void> {}

  /** Leaves when MPI has ended: all do, and the first process, which others still ask, waits for them. */
  async leave(): Promise<void> {
    this.#ask({ leave: true });
    await this.race(this.#done.promise);
    this.worker.terminate();
  }

  /** Tells the others why this process fails, as far as they can be told. */
  async fail(problem: string): Promise<void> {
    this.#ask({ fail: problem });
    await Promise.race([this.#done.promise, new Promise((resolve) => setTimeout(resolve, FAREWELL))]);
  }

  #ask(request: MeetingRequest): void {
    this.worker.postMessage(request);
  }
}
