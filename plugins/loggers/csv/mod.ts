/**
 * Comma-separated values for spreadsheets and data frames: `steps.csv`, a row a step, and `evaluations.csv`, a row a
 * figure, in the run's folder.
 *
 * @module
 */
import {
  definePlugin,
  type EvaluationRecord,
  type Logger,
  type RunDescription,
  type StepRecord,
  type StepTiming,
  z,
} from "@seed/core";
import { CsvFile } from "./csv_file.ts";

/** Columns of `evaluations.csv`: a row a figure, so that evaluators may tell what they like. */
const FIGURES = ["step", "epoch", "network", "evaluator", "figure", "value"];

/** Writes both files. */
class CsvLogger implements Logger {
  readonly #stack = new DisposableStack();
  #steps!: CsvFile;
  #evaluations!: CsvFile;
  /** Names that came after the columns were fixed. */
  readonly #late = new Set<string>();

  constructor(
    private readonly folder: string,
    private readonly everySteps: number,
    private readonly log: (message: string) => void,
  ) {}

  async start({ startStep }: RunDescription): Promise<void> {
    const path = (name: string) => `${this.folder}/${name}`;
    const steps = await CsvFile.open(path("steps.csv"), (step) => step <= startStep, null);
    this.#steps = this.#stack.use(steps);
    // A step is evaluated after its checkpoint: a resume does it again.
    const figures = await CsvFile.open(path("evaluations.csv"), (step) => step < startStep, FIGURES);
    this.#evaluations = this.#stack.use(figures);
  }

  step({ losses, metrics, ...record }: StepRecord, { seconds, dataWaitSeconds }: StepTiming): void {
    if (record.step % this.everySteps) return;
    const late = this.#steps.add({
      ...record,
      ...{ seconds, data_wait_seconds: dataWaitSeconds },
      ...named("losses", losses),
      ...named("metrics", metrics),
    });
    for (const name of late) this.#tellLate(name);
  }

  evaluation({ step, epoch, network, evaluation }: EvaluationRecord): void {
    for (const [evaluator, figures] of Object.entries(evaluation)) {
      for (const [figure, value] of Object.entries(figures)) {
        this.#evaluations.add({ step, epoch, network, evaluator, figure, value });
      }
    }
  }

  [Symbol.dispose](): void {
    this.#stack[Symbol.dispose]();
  }

  #tellLate(name: string): void {
    if (this.#late.has(name)) return;
    this.#late.add(name);
    this.log(`steps.csv has no column "${name}": its first row had none. metrics.jsonl has it`);
  }
}

/** Keys with what they are of before them. */
function named(owner: string, values: Readonly<Record<string, number>> = {}): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [`${owner}.${key}`, value]));
}

export default definePlugin({
  kind: "logger",
  name: "@seed/logger-csv",
  apiVersion: 1,
  about: { summary: "steps.csv and evaluations.csv in the run's folder", source: "RFC 4180" },
  options: z.strictObject({
    /** Steps from one row to the next. */
    every_steps: z.int().positive().max(1e9).default(1),
  }),
  create: ({ every_steps }, { runDirectory, log }) => new CsvLogger(runDirectory, every_steps, log),
});
