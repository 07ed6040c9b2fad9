import { ServerAwayError } from "./web_server.ts";

/** How records are sent. */
export interface SenderOptions<T> {
  /** What the server is called in messages: `The MLflow server "http://127.0.0.1:5000"`. */
  readonly server: string;
  /**
   * Sends some records. What it throws is thrown by the next `add`, but for:
   *
   * @param signal Ends it: there is no more time. `WebServer.request` takes it.
   * @throws {ServerAwayError} If they are to be sent again later.
   */
  send(records: readonly T[], signal: AbortSignal): Promise<void>;
  /** Records that are sent at a time. */
  readonly atOnce: number;
  /** Records that wait at the most; of more the oldest are lost. */
  readonly mostWaiting: number;
  /** From one sending to the next. */
  readonly everySeconds: number;
  /** Waits before another try: the first, and the longest, to which they double. */
  readonly retrySeconds?: readonly [first: number, longest: number];
  log(message: string): void;
}

/**
 * Sends records in batches, beside other work, to a server that may be away for a while. That costs bounded memory, is
 * told once, and told once more when the server is back.
 */
export class BatchSender<T> implements Disposable {
  readonly #waiting: T[] = [];
  #lost = 0;
  #lostBefore = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sending: Promise<void> | null = null;
  /** Of a server that is away: seconds until the next try; 0: it is there. */
  #pause = 0;
  #failure: { error: unknown; isTold: boolean } | null = null;
  #isClosed = false;
  /** Set off when there is no more time to send in. */
  readonly #outOfTime = new AbortController();

  constructor(private readonly options: SenderOptions<T>) {}

  /**
   * Takes a record; nothing is waited for.
   *
   * @throws {Error} What the server refused an earlier one with.
   */
  add(record: T): void {
    this.#throwIfFailed();
    this.#waiting.push(record);
    this.#dropOldest();
    this.#schedule();
  }

  /**
   * Sends what waits, for a bounded time, and takes no more. What is on its way when the time is over is given up.
   *
   * @throws {Error} What the server refuses a record with, unless `add` has thrown it.
   */
  async close(seconds: number): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const end = performance.now() + 1000 * seconds, { signal } = this.#outOfTime;
    const timer = setTimeout(
      () => this.#outOfTime.abort(new ServerAwayError("there is no more time")),
      1000 * seconds,
    );
    try {
      await this.#sending;
      await this.#flush();
      while (this.#waiting.length && !this.#failure && !signal.aborted) {
        const left = Math.max(0, end - performance.now());
        await new Promise((resolve) => setTimeout(resolve, Math.min(1000 * this.#pause, left)));
        await this.#flush();
      }
    } finally {
      clearTimeout(timer);
    }
    if (this.#failure?.isTold) return;
    this.#throwIfFailed();
    const missing = this.#lost + this.#waiting.length;
    if (missing) {
      this.options.log(
        `${this.options.server} did not get ${missing} records; metrics.jsonl has all figures`,
      );
    }
  }

  /** Whether the server has refused something: it gets no more. */
  get hasFailed(): boolean {
    return this.#failure !== null;
  }

  /** What waits is lost. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #throwIfFailed(): void {
    if (!this.#failure) return;
    this.#failure.isTold = true;
    throw this.#failure.error;
  }

  #dropOldest(): void {
    const over = this.#waiting.length - this.options.mostWaiting;
    if (over > 0) this.#lost += this.#waiting.splice(0, over).length;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#sending || this.#isClosed || this.#failure) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#sending = this.#flush().finally(() => {
        this.#sending = null;
        if (this.#waiting.length) this.#schedule();
      });
    }, 1000 * (this.#pause || this.options.everySeconds));
  }

  /** Never throws. */
  async #flush(): Promise<void> {
    const { send, atOnce } = this.options, { signal } = this.#outOfTime;
    while (this.#waiting.length && !this.#failure && !signal.aborted) {
      const records = this.#waiting.splice(0, atOnce);
      try {
        await send(records, signal);
        this.#isBack();
      } catch (error) {
        if (!(error instanceof ServerAwayError)) return void (this.#failure = { error, isTold: false });
        this.#waiting.unshift(...records);
        this.#dropOldest();
        return this.#isAway(error);
      }
    }
  }

  #isAway({ message }: ServerAwayError): void {
    const { server, mostWaiting, log, retrySeconds: [first, longest] = [1, 60] } = this.options;
    // Out of time the run does not go on: what the server did not get is told in the end.
    if (this.#pause === 0 && !this.#outOfTime.signal.aborted) {
      log(`${server} is away (${message}): the run goes on, and up to ${mostWaiting} records wait for it`);
    }
    this.#pause = Math.min(longest, this.#pause ? 2 * this.#pause : first);
  }

  #isBack(): void {
    if (this.#pause === 0) return;
    this.#pause = 0;
    const lost = this.#lost - this.#lostBefore;
    this.#lostBefore = this.#lost;
    this.options.log(`${this.options.server} is back${lost ? `; ${lost} records are lost` : ""}`);
  }
}
