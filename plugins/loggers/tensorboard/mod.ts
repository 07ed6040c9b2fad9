/**
 * TensorBoard: an event file in the run's folder, which `tensorboard --logdir runs` shows beside other runs'.
 *
 * @module
 */
import {
  definePlugin,
  EVALUATION,
  type EvaluationRecord,
  type Logger,
  type PicturesRecord,
  type RunDescription,
  type Scalar,
  scalarsOfEvaluation,
  scalarsOfStep,
  type StepRecord,
  type StepTiming,
  z,
} from "@seed/core";
import { stringify } from "yaml";
import { cutEvents, EventFile } from "./event_file.ts";
import type { SummaryValue } from "./events.ts";
import { sheetOf } from "./sheet.ts";

/** Writes one event file a process of the run. */
export class TensorBoardLogger implements Logger {
  /** The file tells the time of day. */
  readonly repeatable = false;
  #file: EventFile | null = null;

  /** @param now Seconds since 1970. */
  constructor(
    private readonly folder: string,
    private readonly everySteps: number,
    private readonly now: () => number = () => Date.now() / 1000,
  ) {}

  start({ startStep, settings, facts }: RunDescription): void {
    // A step is evaluated after its checkpoint: a resume does it again.
    cutEvents(
      this.folder,
      ({ step, tags }) =>
        step > startStep || step === startStep && tags.some((tag) => tag.startsWith(EVALUATION)),
    );
    const file = this.#file = EventFile.create(this.folder, this.now);
    // A TensorBoard that is open has read what was cut off.
    if (startStep > 0) file.add({ step: startStep + 1, isStart: true });
    const text = (tag: string, value: unknown) => ({ tag, text: asCode(stringify(value)) });
    file.add({ step: startStep, values: [text("recipe", settings), text("run", facts)] });
  }

  step(record: StepRecord, timing: StepTiming): void {
    if (record.step % this.everySteps) return;
    this.#file!.add({ step: record.step, values: scalarsOfStep(record, timing).map(valueOf) });
  }

  evaluation(record: EvaluationRecord): void {
    const values = scalarsOfEvaluation(record).map(valueOf);
    if (values.length) this.#file!.add({ step: record.step, values });
  }

  async pictures({ step, name, rows }: PicturesRecord): Promise<void> {
    this.#file!.add({ step, values: [{ tag: `pictures/${name}`, picture: await sheetOf(rows) }] });
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
  }
}

function valueOf([tag, number]: Scalar): SummaryValue {
  return { tag, number };
}

/** TensorBoard reads texts as Markdown: lines that are set in are shown as they are. */
function asCode(text: string): string {
  return text.trimEnd().split("\n").map((line) => `    ${line}`).join("\n");
}

export default definePlugin({
  kind: "logger",
  name: "@seed/logger-tensorboard",
  apiVersion: 1,
  about: {
    summary: "TensorBoard: scalars, the recipe's text, pictures of views and of neighbours in an event file",
    source: "TensorBoard's event files",
  },
  options: z.strictObject({
    /** Steps from one entry to the next. */
    every_steps: z.int().positive().max(1e9).default(1),
  }),
  create: ({ every_steps }, { runDirectory }) => new TensorBoardLogger(runDirectory, every_steps),
});
