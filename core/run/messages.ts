import type { Host } from "../interfaces/host.ts";
import type { Recorder } from "./recorder.ts";

/**
 * Where messages of a run go: to the program that runs it until the run's record is open, then there. What a run and
 * its plugins say is then told to the same loggers as its steps.
 */
export class Messages {
  /**
   * What the run and its plugins are given. Its `log` never throws, since it is called where nobody expects an error,
   * such as when a worker has died: if a message cannot be told, the signal is aborted with the reason.
   */
  readonly host: Host;
  readonly #failed = new AbortController();
  #recorder: Pick<Recorder, "message"> | null = null;

  constructor(outer: Host) {
    this.host = {
      signal: AbortSignal.any([outer.signal, this.#failed.signal]),
      log: (message) => {
        try {
          if (!this.#recorder?.message(message)) outer.log(message);
        } catch (error) {
          this.#failed.abort(error);
        }
      },
    };
  }

  /** From now on they go to a recorder, until what is returned is disposed of. */
  goTo(recorder: Pick<Recorder, "message">): Disposable {
    this.#recorder = recorder;
    return { [Symbol.dispose]: () => this.#recorder = null };
  }

  /** Throws what kept a message from being told, if it was after the last look at the signal. */
  throwIfFailed(): void {
    this.#failed.signal.throwIfAborted();
  }
}
