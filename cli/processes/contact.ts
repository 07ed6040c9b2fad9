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
