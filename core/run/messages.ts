import type { Host } from "../interfaces/host.ts";
import type { Logger } from "../interfaces/logger.ts";

/**
 * Where messages of a run go: to the program that runs it until its loggers have started, then to them. What a run and
 * its plugins say is then on the same record as its steps.
 */
export class Messages {
  readonly host: Host;
  #loggers: readonly Logger[] = [];

  constructor(outer: Host) {
    this.host = {
      signal: outer.signal,
      log: (message) => {
        const listening = this.#loggers.filter((logger) => logger.message);
        if (listening.length === 0) return outer.log(message);
        for (const logger of listening) logger.message!(message);
      },
    };
  }

  /** From now on these are told. */
  goTo(loggers: readonly Logger[]): void {
    this.#loggers = loggers;
  }
}
