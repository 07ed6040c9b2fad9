import { ProcessesError } from "@seed/core/text";

/** Milliseconds between two signs of life, and after how many without one a process counts as gone. */
export const SIGN_EVERY = 500, SILENCE_LIMIT = 6000;

/** The first process is gone: it tells nothing any more, so that each of the others does. */
export class FirstLostError extends ProcessesError {}

/**
 * Contact with the other processes of a run, until it is lost.
 *
 * `Promise.race` with one promise for the loss would keep something of every call until the run ends, and there are a
 * thousand a second: each wait has a promise of its own, which is forgotten with it.
 */
export class Contact {
  readonly #waits = new Set<(why: Error) => void>();
  #loss: Error | null = null;

  /**
   * Waits for something that needs the others.
   *
   * @throws what {@link lose} was given, if contact is lost before.
   */
  async race<T>(promise: Promise<T>): Promise<T> {
    const { promise: loss, reject } = Promise.withResolvers<never>();
    if (this.#loss) reject(this.#loss);
    this.#waits.add(reject);
    try {
      return await Promise.race([promise, loss]);
    } finally {
      this.#waits.delete(reject);
    }
  }

  /** Ends all that wait, and whoever will; the first loss is the one that is told. */
  lose(why: Error): void {
    this.#loss ??= why;
    for (const reject of this.#waits) reject(this.#loss);
  }
}

/** What is said of a process that gives no sign of life. */
export function silenceOf(rank: number, host: string | undefined): ProcessesError {
  const where = host === undefined ? "" : ` on ${host}`;
  const Lost = rank === 0 ? FirstLostError : ProcessesError;
  return new Lost(
    `Process ${rank}${where} does not answer: it was stopped, its machine is gone, or the network is`,
  );
}
