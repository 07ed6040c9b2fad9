/**
 * All that happens in a run as JSON lines, in batches by POST, to any address.
 *
 * @module
 */
import {
  BatchSender,
  definePlugin,
  type EvaluationRecord,
  headersFromEnvironment,
  type Logger,
  requireNetwork,
  type RunDescription,
  RunError,
  ServerAwayError,
  type StepRecord,
  type StepTiming,
  WebServer,
  z,
} from "@seed/core";

/** A line, and what it is numbered by: one that comes twice, after an answer that was lost, has the same number. */
type Line = Readonly<Record<string, unknown>>;

/** Lines that wait for a server that is away, and that are sent at a time. */
const MOST_WAITING = 100_000, AT_ONCE = 1000;
/** Seconds that the end of a run, and an interruption, wait for the server. */
const PATIENCE = 30, SHORT_PATIENCE = 5;

const NAME = "@seed/logger-http";

/** Sends lines. */
class HttpLogger implements Logger {
  readonly #session = crypto.randomUUID();
  readonly #sender: BatchSender<Line>;
  #number = 0;
  #run = "";

  constructor(
    private readonly server: WebServer,
    private readonly everySteps: number,
    { everySeconds, log }: { everySeconds: number; log(message: string): void },
  ) {
    this.#sender = new BatchSender({
      server: `The server "${server.address}"`,
      ...{ atOnce: AT_ONCE, mostWaiting: MOST_WAITING, everySeconds, log },
      send: (lines, signal) => this.#post(lines, signal),
    });
  }

  async start(run: RunDescription): Promise<void> {
    this.#run = run.directory;
    const line = this.#line("start", run);
    try {
      await this.#post([line]);
    } catch (error) {
      if (!(error instanceof ServerAwayError)) throw error;
      // A wrong address is found before hours of training. Who goes on has had the right one.
      if (run.startStep === 0) {
        throw new RunError(`The server "${this.server.address}" does not answer: ${error.message}`);
      }
      this.#sender.add(line);
    }
  }

  step(record: StepRecord, { seconds, dataWaitSeconds }: StepTiming): void {
    if (record.step % this.everySteps) return;
    this.#sender.add(this.#line("step", { ...record, seconds, data_wait_seconds: dataWaitSeconds }));
  }

  evaluation(record: EvaluationRecord): void {
    this.#sender.add(this.#line("evaluation", record));
  }

  message(text: string): void {
    this.#sender.add(this.#line("message", { text }));
  }

  async end(): Promise<void> {
    this.#sender.add(this.#line("end", {}));
    await this.#sender.close(PATIENCE);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    using sender = this.#sender;
    await sender.close(SHORT_PATIENCE);
  }

  #line(type: string, content: object): Line {
    const about = { type, run: this.#run, session: this.#session, number: this.#number++ };
    return { ...about, time: new Date().toISOString(), ...content };
  }

  async #post(lines: readonly Line[], signal?: AbortSignal): Promise<void> {
    const body = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    await this.server.request("POST", "", { body, type: "application/x-ndjson", signal });
  }
}

export default definePlugin({
  kind: "logger",
  name: NAME,
  apiVersion: 1,
  about: { summary: "JSON lines by POST to any address" },
  options: z.strictObject({
    /** Where to. A name, a password or a query in it would be kept in the run's folder, and is refused. */
    url: z.string().max(2000).regex(
      /^https?:\/\/[^\s\/@?#]+(\/[^\s?#]*)?$/,
      "Expected an address such as http://127.0.0.1:8000/runs, without a name, a password or a query",
    ),
    /** Headers by name; each value is the name of an environment variable that has it. */
    headers: z.record(
      z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, "Expected the name of a header"),
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,200}$/, "Expected the name of an environment variable"),
    ).default({}),
    /** Steps from one line to the next. */
    every_steps: z.int().positive().max(1e9).default(1),
    /** Seconds from one batch to the next. */
    every_seconds: z.number().positive().max(3600).default(5),
  }),
  checkFiles({ url, headers }) {
    requireNetwork(NAME, url);
    headersFromEnvironment(NAME, headers);
    return Promise.resolve();
  },
  create({ url, headers, every_steps, every_seconds }, { log }) {
    const server = new WebServer(url, headersFromEnvironment(NAME, headers));
    return new HttpLogger(server, every_steps, { everySeconds: every_seconds, log });
  },
});
