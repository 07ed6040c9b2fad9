import { formatDuration, statusLine } from "@seed/core";

/** Seconds between lines where standard error is no terminal. */
const EVERY_SECONDS = 10;

/** How far a loop over a known number of things is, on one updating line of standard error. */
export class Progress {
  readonly #started = performance.now();
  #shown = this.#started;

  /**
   * @param things What is counted, for example `images`.
   * @param before How many were done when it began.
   */
  constructor(
    private readonly total: number,
    private readonly things: string,
    private readonly before = 0,
  ) {}

  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  update(done: number): void {
    const now = performance.now(), every = statusLine.isTerminal ? 0.1 : EVERY_SECONDS;
    if (now - this.#shown < 1000 * every && done < this.total) return;
    this.#shown = now;
    const speed = (done - this.before) / this.seconds, left = formatDuration((this.total - done) / speed);
    statusLine.update(
      `${done}/${this.total} ${this.things}  ${speed.toFixed(1)} ${this.things}/s  ${left} left`,
    );
    if (done >= this.total) statusLine.end();
  }
}
