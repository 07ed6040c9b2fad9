import type { Host } from "../interfaces/host.ts";
import type { Recorder } from "./recorder.ts";

/**
 * Where messages of a run go: to the program that runs it until the run's record is open, then there. What a run and
 * its plugins say is then told to the same loggers as its steps.
 */
export class Messages {
  /** What the run and its plugins are given. */
  readonly host: Host;
  #recorder: Pick<Recorder, "message"> | null = null;

  constructor(outer: Host) {
    this.host = {
      signal: outer.signal,
      log: (message) => {
        if (!this.#recorder?.message(message)) outer.log(message);
      },
    };
  }

  /** From now on they go to a recorder, until what is returned is disposed of. */
  goTo(recorder: Pick<Recorder, "message">): Disposable {
    this.#recorder = recorder;
    return { [Symbol.dispose]: () => this.#recorder = null };
  }
}
