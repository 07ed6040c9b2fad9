/**
 * What a person sees: a first screen, one line that keeps changing, and a table an evaluation. On standard error,
 * so that standard output stays free; plain lines where that is no terminal.
 *
 * @module
 */
import {
  definePlugin,
  type EvaluationRecord,
  figuresOf,
  formatDuration,
  IDENTICAL_FEATURES,
  type Logger,
  type RunDescription,
  type StatusLine,
  statusLine,
  type StepRecord,
  type StepTiming,
  z,
} from "@seed/core";

/** What a line of steps does without where a terminal is narrow, one after the other. */
const SPARED = ["waits", "lr", "epoch"] as const;

/** What a person sees of a run. All figures are the newest step's own, as `metrics.jsonl` has them. */
export class TerminalLogger implements Logger {
  #run!: RunDescription;
  #shown = -Infinity;

  /**
   * @param everySeconds Between lines where standard error is no terminal.
   * @param line Where it writes.
   * @param now What time it is, in milliseconds.
   */
  constructor(
    private readonly everySeconds: number,
    private readonly line: StatusLine = statusLine,
    private readonly now: () => number = () => performance.now(),
  ) {}

  start(run: RunDescription): void {
    this.#run = run;
    const rows = [
      ["Recipe", run.recipe],
      ["Run", run.directory],
      ["Engine", `${run.engine}, ${run.device}`],
      ["Teacher", run.teacher ?? "none"],
      ["Student", run.student],
      ["Images", `${run.images}, ${run.stepsPerEpoch} steps an epoch`],
      ["Steps", run.startStep ? `${run.steps}, resuming after ${run.startStep}` : `${run.steps}`],
    ];
    for (const [name, value] of rows) this.line.print(`${name.padEnd(9)}${value}`);
  }

  step(
    { step, epoch, loss, lr, images_per_second }: StepRecord,
    { seconds, dataWaitSeconds, secondsLeft, secondsLeftAtMost = false }: StepTiming,
  ): void {
    const now = this.now(), every = this.line.isTerminal ? 100 : 1000 * this.everySeconds;
    if (now - this.#shown < every && step < this.#run.steps) return;
    this.#shown = now;
    const most = secondsLeftAtMost ? "at most " : "";
    const left = secondsLeft === null ? "" : `  ${most}${formatDuration(secondsLeft)} left`;
    const parts = {
      epoch: `epoch ${epoch.toFixed(2)}  `,
      step: `step ${step}/${this.#run.steps}  loss ${loss.toFixed(4)}  `,
      lr: `lr ${lr.toPrecision(3)}  `,
      speed: `${images_per_second.toFixed(1)} images/s`,
      waits: `  waits for data ${(100 * dataWaitSeconds / seconds).toFixed(0)} %`,
      left,
    };
    const whole = () => this.#of() + Object.values(parts).join("");
    for (const part of SPARED) if (whole().length > this.line.room) parts[part] = "";
    this.line.update(whole());
  }

  evaluation({ step, network, evaluation, identical_features }: EvaluationRecord): void {
    const figures = figuresOf(evaluation).map(([name, value]) => `${name} ${(100 * value).toFixed(1)} %`);
    this.line.print(`${this.#of()}${`step ${step}`.padEnd(12)}${network.padEnd(11)}${figures.join("   ")}`);
    if (identical_features) this.line.print(`${"".padEnd(12)}${IDENTICAL_FEATURES}`);
  }

  /** Whose line it is, where several students train together. */
  #of(): string {
    const { studentName = null } = this.#run;
    return studentName === null ? "" : `${studentName}  `;
  }

  message(text: string): void {
    this.line.print(text);
  }

  end(): void {
    this.line.end();
  }

  [Symbol.dispose](): void {
    this.line.end();
  }
}

export default definePlugin({
  kind: "logger",
  name: "@seed/logger-terminal",
  apiVersion: 1,
  about: { summary: "One updating line: epoch, step, loss, images/s, time left" },
  options: z.strictObject({
    /** Seconds between lines where standard error is no terminal. */
    every_seconds: z.number().positive().max(86_400).default(10),
  }),
  create: ({ every_seconds }) => new TerminalLogger(every_seconds),
});
