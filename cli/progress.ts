import { formatDuration, type StatusLine, statusLine } from "@seed/core";

/** Seconds between lines where standard error is no terminal. */
const EVERY_SECONDS = 10;

/** How far a loop over a known number of things is, on one updating line of standard error. */
export class Progress {
  readonly #started: number;
  #shown: number;
  /** When the first were done, and how many: a function is traced with them, which is not what the rest takes. */
  #first: { at: number; done: number } | null = null;
  #last: { at: number; done: number } | null = null;

  /**
   * @param things What is counted, for example `images`.
   * @param before How many were done when it began.
   * @param line Where it is shown.
   * @param now What time it is, in milliseconds.
   */
  constructor(
    private readonly total: number,
    private readonly things: string,
    private readonly before = 0,
    private readonly line: StatusLine = statusLine,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#started = this.#shown = this.now();
  }

  /** Since it began. */
  get seconds(): number {
    return (this.now() - this.#started) / 1000;
  }

  /** How many are done in a second, without the first; of all if there were no others. */
  get perSecond(): number {
    const [first, last] = [this.#first, this.#last];
    return first && last && last.done > first.done
      ? (last.done - first.done) / (last.at - first.at) * 1000
      : ((last?.done ?? this.before) - this.before) / this.seconds;
  }

  update(done: number): void {
    const now = this.now(), every = this.line.isTerminal ? 0.1 : EVERY_SECONDS;
    this.#last = { at: now, done };
    const isFirst = this.#first === null;
    this.#first ??= this.#last;
    if (now - this.#shown < 1000 * every && done < this.total) return;
    this.#shown = now;
    const left = formatDuration((this.total - done) / this.perSecond);
    const speed = isFirst && done < this.total
      ? ""
      : `  ${this.perSecond.toFixed(1)} ${this.things}/s  ${left} left`;
    this.line.update(`${done}/${this.total} ${this.things}${speed}`);
    if (done >= this.total) this.line.end();
  }

  /** Takes the line away, of what was left off before its end. */
  end(): void {
    this.line.clear();
  }
}
