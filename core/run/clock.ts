/** Steps whose time does not count: tracing, first allocations. */
const WARMUP_STEPS = 4;
/** Steps that the time left is estimated from: the newest. */
const RECENT_STEPS = 100;

/**
 * Speed of a run, waiting for data included; without its first steps. What a step's speed is, and how long the rest
 * takes, is said here alone: `metrics.jsonl`, `summary.json` and the terminal all show these figures.
 */
export class Clock {
  #steps = 0;
  #milliseconds = 0;
  readonly #recent: number[] = [];
  /** Milliseconds of evaluations and checkpoints since steps count. */
  #pauses = 0;
  #started: number;

  constructor(
    private readonly batchSize: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#started = this.now();
  }

  /**
   * A step ends, and the next begins.
   *
   * @param idle Milliseconds of it in which another run evaluated or wrote a checkpoint: they are not the step's.
   * @returns how long the one that ended took, and its images per second.
   */
  step(idle = 0): { seconds: number; imagesPerSecond: number } {
    const elapsed = Math.max(0, this.#lap() - idle);
    if (++this.#steps > WARMUP_STEPS) {
      this.#pauses += idle;
      this.#milliseconds += elapsed;
      this.#recent.push(elapsed);
      if (this.#recent.length > RECENT_STEPS) this.#recent.shift();
    }
    return { seconds: elapsed / 1000, imagesPerSecond: this.batchSize / elapsed * 1000 };
  }

  /**
   * A pause ends, an evaluation or a checkpoint: the time since the last step does not count as the next one's.
   *
   * @returns how long it was, in seconds.
   */
  resume(): number {
    const elapsed = this.#lap();
    if (this.#steps > WARMUP_STEPS) this.#pauses += elapsed;
    return elapsed / 1000;
  }

  /** So many milliseconds of those since the last step, or since the clock was made, are another run's. */
  leaveOut(milliseconds: number): void {
    this.#started += milliseconds;
  }

  /** Over the steps after the fourth; null before. */
  get imagesPerSecond(): number | null {
    const counted = this.#counted;
    return counted > 0 ? counted * this.batchSize / this.#milliseconds * 1000 : null;
  }

  /** What the newest steps took says nothing of the next: they are of another kind. */
  forget(): void {
    this.#recent.length = 0;
  }

  /** How long more steps will take, their share of evaluations and checkpoints included; null: nobody knows yet. */
  secondsFor(steps: number): number | null {
    const counted = this.#counted;
    if (this.#recent.length === 0) return null;
    const step = this.#recent.reduce((sum, one) => sum + one, 0) / this.#recent.length;
    return steps * (step + this.#pauses / counted) / 1000;
  }

  get #counted(): number {
    return this.#steps - WARMUP_STEPS;
  }

  #lap(): number {
    const now = this.now(), elapsed = now - this.#started;
    this.#started = now;
    return elapsed;
  }
}
