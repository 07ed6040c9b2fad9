import { formatDuration } from "./duration.ts";
import { formatBytes } from "./format_bytes.ts";
import { type StatusLine, statusLine } from "./status_line.ts";

/** Seconds that pass before anything is shown: what is done by then is not worth a line. */
const QUIET_SECONDS = 2;
/** Seconds between two looks of a terminal's line, and between lines where standard error is no terminal. */
const TERMINAL_SECONDS = 0.1, EVERY_SECONDS = 10;

/** What is counted, and where it is shown. */
export interface ProgressOptions {
  /** How many there are in all; null: nobody knows. */
  total: number | null;
  /** What is counted: `images`; `bytes` are shown in their larger units. */
  unit: string;
  /** How many were done when it began; default 0. */
  before?: number;
  /** Whether its last line stays on a terminal: of what a command is for. Default: it goes. */
  stays?: boolean;
  line?: StatusLine;
  /** What time it is, in milliseconds. */
  now?: () => number;
}

/**
 * How far something is that takes more than a moment, on one updating line of standard error: how many are done, how
 * fast, and how long the rest takes.
 *
 * @example
 * ```ts
 * import { ProgressLine } from "@seed/core";
 *
 * using progress = new ProgressLine("Reading", { total: 2, unit: "images" });
 * for (const done of [1, 2]) progress.update(done);
 * ```
 */
export class ProgressLine implements Disposable {
  readonly #line: StatusLine;
  readonly #now: () => number;
  readonly #started: number;
  /** When it was shown last; null: not yet. */
  #shown: number | null = null;
  #isOpen = false;
  /** When the first were done, and how many: a function is traced with them, which is not what the rest takes. */
  #first: { at: number; done: number } | null = null;
  #last: { at: number; done: number } | null = null;

  /** @param task What is done: `Packing`. */
  constructor(private readonly task: string, private readonly options: ProgressOptions) {
    this.#line = options.line ?? statusLine;
    this.#now = options.now ?? (() => performance.now());
    this.#started = this.#now();
  }

  /** Since it began. */
  get seconds(): number {
    return (this.#now() - this.#started) / 1000;
  }

  /** How many are done in a second, without the first; of all if there were no others. */
  get perSecond(): number {
    const [first, last] = [this.#first, this.#last], { before = 0 } = this.options;
    return first && last && last.done > first.done
      ? (last.done - first.done) / (last.at - first.at) * 1000
      : ((last?.done ?? before) - before) / this.seconds;
  }

  update(done: number): void {
    const now = this.#now(), every = this.#line.isTerminal ? TERMINAL_SECONDS : EVERY_SECONDS;
    const { total } = this.options, isAll = total !== null && done >= total;
    this.#last = { at: now, done };
    this.#first ??= this.#last;
    if (isAll ? this.#shown === null && this.seconds < QUIET_SECONDS : !this.#isDue(now, every)) return;
    this.#shown = now;
    this.#isOpen = !isAll;
    this.#line.update(this.#text(done));
    if (isAll && this.options.stays) this.#line.end();
    else if (isAll) this.#line.clear();
  }

  /** Takes the line away, of what ended before its end or has none. */
  [Symbol.dispose](): void {
    if (this.#isOpen) this.#line.clear();
    this.#isOpen = false;
  }

  #isDue(now: number, every: number): boolean {
    if (this.#shown !== null) return now - this.#shown >= 1000 * every;
    return now - this.#started >= 1000 * Math.max(QUIET_SECONDS, every);
  }

  #text(done: number): string {
    const { total, unit } = this.options, isRated = this.#last !== this.#first || done === total;
    const all = total === null ? "" : `/${this.#count(total)}`;
    const speed = isRated ? `  ${this.#rate()}` : "";
    const left = isRated && total !== null ? `  ${formatDuration((total - done) / this.perSecond)} left` : "";
    return `${this.task}: ${this.#count(done)}${all}${unit === "bytes" ? "" : ` ${unit}`}${speed}${left}`;
  }

  #count(number: number): string {
    return this.options.unit === "bytes" ? formatBytes(number) : `${number}`;
  }

  #rate(): string {
    const { unit } = this.options, rate = this.perSecond;
    return unit === "bytes" ? `${formatBytes(rate)}/s` : `${rate.toFixed(1)} ${unit}/s`;
  }
}
