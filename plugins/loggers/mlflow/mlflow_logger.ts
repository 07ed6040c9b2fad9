import { basename } from "node:path";
import {
  BatchSender,
  type EvaluationRecord,
  type Logger,
  readTextIfThere,
  type RunDescription,
  RunError,
  type Scalar,
  scalarsOfEvaluation,
  scalarsOfStep,
  ServerAwayError,
  type StepRecord,
  type StepTiming,
  type WebServer,
  writeTextAtomically,
  z,
} from "@seed/core";
import { isAnswer, jsonOf, type Metric, MlflowClient, type Status } from "./client.ts";
import { mlflowName, paramsOf } from "./names.ts";

/** What the recipe says. */
export interface MlflowOptions {
  uri: string;
  experiment: string;
  run_name: string | null;
  every_steps: number;
  every_seconds: number;
}

/** What a logger is given. */
export interface MlflowSurroundings {
  runDirectory: string;
  log(message: string): void;
  signal: AbortSignal;
  /** Of tests. */
  retrySeconds?: readonly [number, number];
}

/** Figures that go together: of a step, or of an evaluation. */
type Figures = readonly Metric[];

/** In the run's folder: which of the server's runs is this one. */
const FILE = "mlflow.json", RECORD = z.object({ uri: z.string(), run_id: z.string() });

/** Sets of figures that wait for a server that is away, and that are sent at a time. */
const MOST_WAITING = 100_000, AT_ONCE = 200;
/** Seconds that the end of a run, and an interruption, wait for the server. */
const PATIENCE = 30, SHORT_PATIENCE = 5;

/** Writes a run's figures into one of the server's runs. */
export class MlflowLogger implements Logger {
  /** The server gives a run its id, which `mlflow.json` holds. */
  readonly repeatable = false;
  readonly #client: MlflowClient;
  readonly #sender: BatchSender<Figures>;
  #id: string | null = null;
  /** The newest step that the server has of each figure; null: it is to be asked, since the run goes on. */
  #known: ReadonlyMap<string, number> | null = new Map();
  #ended: Status | null = null;

  constructor(
    server: WebServer,
    private readonly options: MlflowOptions,
    private readonly surroundings: MlflowSurroundings,
  ) {
    this.#client = new MlflowClient(server);
    const { log, retrySeconds } = surroundings;
    this.#sender = new BatchSender({
      server: `The MLflow server "${options.uri}"`,
      ...{
        atOnce: AT_ONCE,
        mostWaiting: MOST_WAITING,
        everySeconds: options.every_seconds,
        log,
        retrySeconds,
      },
      send: (figures, signal) => this.#send(figures, signal),
    });
  }

  async start(run: RunDescription): Promise<void> {
    const id = await this.#idInFolder(); // also of a run that broke off before its first step
    try {
      if (id === null) return await this.#begin(run);
      this.#id = id;
      this.#known = null;
      await this.#goOn();
    } catch (error) {
      if (!(error instanceof ServerAwayError)) {
        if (id !== null) this.#id = null; // it is no run of ours
        throw error;
      }
      // A wrong address is found before hours of training. Who goes on has had the right one.
      if (id === null) {
        throw new RunError(
          `The MLflow server "${this.options.uri}" does not answer: ${error.message}; start it, or mend uri`,
        );
      }
    }
  }

  step(record: StepRecord, timing: StepTiming): void {
    if (record.step % this.options.every_steps) return;
    this.#add(record.step, scalarsOfStep(record, timing));
  }

  evaluation(record: EvaluationRecord): void {
    this.#add(record.step, scalarsOfEvaluation(record));
  }

  async end(): Promise<void> {
    await this.#close("FINISHED", PATIENCE);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    using _ = this.#sender;
    await this.#close(this.surroundings.signal.aborted ? "KILLED" : "FAILED", SHORT_PATIENCE);
  }

  #add(step: number, scalars: readonly Scalar[]): void {
    const timestamp = Date.now();
    const metrics = scalars.map(([name, value]) => ({ key: mlflowName(name), value, timestamp, step }));
    if (metrics.length) this.#sender.add(metrics);
  }

  async #begin({ directory, recipe, settings, engine, device, steps }: RunDescription): Promise<void> {
    const { experiment, run_name, uri } = this.options;
    const id = await this.#client.createRun(
      await this.#client.experiment(experiment),
      run_name ?? basename(directory),
      [
        { key: "mlflow.source.name", value: recipe },
        { key: "seed.directory", value: directory },
        { key: "seed.engine", value: `${engine}, ${device}` },
        { key: "seed.steps", value: `${steps}` },
      ],
    );
    await writeTextAtomically(this.#file, `${JSON.stringify({ uri, run_id: id })}\n`);
    this.#id = id;
    await this.#client.log(id, { params: paramsOf(settings) });
  }

  /** Asks the server what it has: a step that was told before the break is not told twice. */
  async #goOn(signal?: AbortSignal): Promise<void> {
    try {
      const newest = await this.#client.newestSteps(this.#id!, signal);
      await this.#client.update(this.#id!, "RUNNING", signal);
      this.#known = newest;
    } catch (error) {
      if (!isAnswer(error, "RESOURCE_DOES_NOT_EXIST")) throw error;
      throw new RunError(
        `The MLflow server "${this.options.uri}" has no run ${this.#id} any more; delete "${this.#file}" to begin another there`,
      );
    }
  }

  async #send(figures: readonly Figures[], signal: AbortSignal): Promise<void> {
    if (!this.#known) await this.#goOn(signal);
    const news = figures.flat().filter(({ key, step }) => step > (this.#known!.get(key) ?? -1));
    await this.#client.log(this.#id!, { metrics: news }, signal);
  }

  async #close(status: Status, seconds: number): Promise<void> {
    if (this.#ended || this.#id === null) return;
    this.#ended = status;
    const end = performance.now() + 1000 * seconds;
    try {
      await this.#sender.close(seconds);
    } finally {
      // Also a server that has refused figures knows how the run ended.
      await this.#tell(this.#id, status, Math.max(1000, end - performance.now()));
    }
  }

  async #tell(id: string, status: Status, milliseconds: number): Promise<void> {
    try {
      await this.#client.update(id, status, AbortSignal.timeout(milliseconds));
    } catch (error) {
      const { log } = this.surroundings, { message } = error as Error;
      log(`The MLflow server "${this.options.uri}" was not told that the run is ${status}: ${message}`);
    }
  }

  get #file(): string {
    return `${this.surroundings.runDirectory}/${FILE}`;
  }

  /** Null: the run was begun without this logger. */
  async #idInFolder(): Promise<string | null> {
    const text = await readTextIfThere(this.#file);
    if (text === null) return null;
    const { data } = RECORD.safeParse(jsonOf(text));
    if (!data) throw new RunError(`"${this.#file}" is damaged; delete it to begin another run on the server`);
    if (data.uri === this.options.uri) return data.run_id;
    throw new RunError(
      `The run is recorded at "${data.uri}", not at "${this.options.uri}": set uri to that, or delete "${this.#file}" to begin another there`,
    );
  }
}
