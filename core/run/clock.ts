/** Steps whose time does not count: tracing, first allocations. */
const WARMUP_STEPS = 4;

/** Speed of a run, waiting for data included; without its pauses and its first steps. */
export class Clock {
  #steps = 0;
  #milliseconds = 0;
  #started: number;

  constructor(
    private readonly batchSize: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#started = this.now();
  }

  /** A step ends, and the next begins. Returns the images per second of the one that ended. */
  step(): number {
    const now = this.now(), elapsed = now - this.#started;
    this.#started = now;
    if (++this.#steps > WARMUP_STEPS) this.#milliseconds += elapsed;
    return this.batchSize / elapsed * 1000;
  }

  /** A pause ends, an evaluation or a checkpoint: the time since the last step does not count. */
  resume(): void {
    this.#started = this.now();
  }

  /** Over the steps after the fourth; null before. */
  get imagesPerSecond(): number | null {
    const counted = this.#steps - WARMUP_STEPS;
    return counted > 0 ? counted * this.batchSize / this.#milliseconds * 1000 : null;
  }
}
