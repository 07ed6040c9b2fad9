/**
 * `metrics.jsonl`: a JSON object a line, one a step and one an evaluation. After a resume the lines of steps that are
 * done again are replaced, so that the file reads like an uninterrupted run's.
 *
 * @module
 */
import { z } from "zod";
import { writeAtomicallySync, writeTextAtomically } from "../files/atomic_file.ts";
import { LineFile } from "../files/line_file.ts";
import { exists } from "../files/path_exists.ts";
import { readTextIfThere } from "../files/text_file.ts";
import { writing, writingSync } from "../files/writing.ts";
import type { EvaluationRecord, StepRecord } from "../interfaces/logger.ts";

/** A line as it is read: of a step, or of an evaluation. */
export type MetricsLine = Partial<StepRecord> & Partial<EvaluationRecord> & { step: number };

/** The file of a run that is under way. */
export class MetricsFile implements Disposable {
  /** @param standing Evaluations at the step that the run goes on after, until they are made again. */
  private constructor(
    private readonly path: string,
    private file: LineFile,
    private readonly standing: KeptLine[],
  ) {}

  /**
   * Opens it to go on after a step: what a resume writes again is taken out, and so are lines that are damaged; the
   * file as it was is kept beside it then. Evaluations at that step stay until they are made again: they may not be,
   * or be broken off.
   *
   * @param tell Takes what the user is to know: lines that are lost.
   * @param isExtended Whether the run had its end at that step, and a summary that was set aside keeps its evaluation: a
   *   longer run may have none there. Default: false.
   * @throws {RunError} If the file cannot be read or written.
   */
  static async open(
    path: string,
    startStep: number,
    tell: (message: string) => void,
    isExtended = false,
  ): Promise<MetricsFile> {
    const { lines, damaged, torn } = await readLines(path);
    if (damaged.length) {
      const aside = await damagedName(path);
      await writing(aside, () => Deno.copyFile(path, aside));
      tell(
        `${lineOf(damaged)} of "${path}" ${
          damaged.length > 1 ? "are" : "is"
        } damaged, no record of a run, and left ` +
          `out; the file as it was is "${aside}"`,
      );
    } else if (torn) tell(`The last line of "${path}" was cut off, and is left out`);
    const kept = lines.filter(({ line }) =>
      isExtended && "evaluation" in line ? line.step < startStep : line.step <= startStep
    );
    const lost = missingSteps(kept.map(({ line }) => line), startStep);
    if (lost !== null) {
      tell(
        `"${path}" has no line of step ${lost}, though the checkpoint is of step ${startStep}: they are lost`,
      );
    }
    await writing(path, () => writeTextAtomically(path, kept.map(({ text }) => text + "\n").join("")));
    const standing = kept.filter(({ line }) => "evaluation" in line && line.step === startStep);
    return new MetricsFile(path, LineFile.open(path), standing);
  }

  /**
   * Adds a line, or puts it in the place of an evaluation that is made again; whole or not at all.
   *
   * @throws {WriteError} If it cannot be written.
   */
  write(record: StepRecord | EvaluationRecord): void {
    const again = "evaluation" in record
      ? this.standing.findIndex(({ line }) => line.step === record.step && line.network === record.network)
      : -1;
    if (again < 0) this.file.append(JSON.stringify(record));
    else this.#replace(this.standing.splice(again, 1)[0], record as EvaluationRecord);
  }

  #replace({ text: was, line }: KeptLine, record: EvaluationRecord): void {
    const now = JSON.stringify(withFiguresOf(line, record)), { path } = this;
    writingSync(path, () => {
      const lines = Deno.readTextFileSync(path).split("\n").map((text) => text === was ? now : text);
      writeAtomicallySync(path, new TextEncoder().encode(lines.join("\n")));
    });
    const before = this.file; // it has its name no more
    this.file = LineFile.open(path);
    before[Symbol.dispose]();
  }

  /** Sees to it that all lines outlive a loss of power: a checkpoint does, and must not be ahead of them. */
  sync(): void {
    this.file.sync();
  }

  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }
}

/** What a file has. */
export interface Metrics {
  /** Those that can be read. */
  lines: MetricsLine[];
  /** Which cannot, by number; null: none. A last line that a run under way has half written is no problem. */
  problem: string | null;
}

/**
 * The lines of a file; none if it is not there. One that is damaged costs no other.
 *
 * @throws {RunError} If the file cannot be read.
 */
export async function readMetrics(path: string): Promise<Metrics> {
  const { lines, damaged } = await readLines(path);
  return {
    lines: lines.map(({ line }) => line),
    problem: damaged.length
      ? `${lineOf(damaged)} of "${path}" ${damaged.length > 1 ? "are" : "is"} damaged: no record of a run`
      : null,
  };
}

/** Where a damaged file is kept: one that was kept before stays. */
async function damagedName(path: string): Promise<string> {
  for (let n = 1;; n++) {
    const aside = path.replace(/(\.[a-z]+)?$/, `-damaged${n === 1 ? "" : `-${n}`}$1`);
    if (!await exists(aside)) return aside;
  }
}

interface KeptLine {
  text: string;
  line: MetricsLine;
}

interface Lines {
  lines: KeptLine[];
  /** Numbers of the lines that cannot be read, from 1. */
  damaged: number[];
  /** Whether there is something after the last whole line. */
  torn: boolean;
}

async function readLines(path: string): Promise<Lines> {
  const text = await readTextIfThere(path) ?? "";
  const end = text.lastIndexOf("\n") + 1, found: Lines = { lines: [], damaged: [], torn: end < text.length };
  text.slice(0, end).split("\n").forEach((text, i) => {
    if (text === "") return;
    const line = parseLine(text);
    if (line) found.lines.push({ text, line });
    else found.damaged.push(i + 1);
  });
  return found;
}

function parseLine(text: string): MetricsLine | null {
  try {
    const { success, data } = LINE.safeParse(JSON.parse(text));
    return success ? data as unknown as MetricsLine : null;
  } catch {
    return null; // told by the caller, with its number
  }
}

const number = z.number().nullable(); // JSON has no other word for what is no number

/** What readers rely on; a line may have more. */
const LINE = z.looseObject({
  step: z.int().min(0),
  epoch: z.number().optional(),
  loss: number.optional(),
  lr: number.optional(),
  network: z.string().optional(),
  evaluation: z.record(z.string(), z.record(z.string(), number)).optional(),
});

/** An evaluation that was made again, with the figures before of evaluators that have been taken out since. */
function withFiguresOf(before: MetricsLine, record: EvaluationRecord): EvaluationRecord {
  return {
    ...record,
    evaluation: { ...before.evaluation, ...record.evaluation },
    ...record.details && { details: { ...before.details, ...record.details } },
  };
}

function lineOf(numbers: readonly number[]): string {
  return `Line${numbers.length > 1 ? "s" : ""} ${rangesOf(numbers)}`;
}

/** Those of the steps up to `last` that no line is of, such as `3, 7 to 9`; null: there are none. */
export function missingSteps(lines: readonly MetricsLine[], last: number): string | null {
  const steps = new Set(lines.flatMap((line) => "loss" in line ? [line.step] : []));
  const missing = Array.from({ length: last }, (_, i) => i + 1).filter((step) => !steps.has(step));
  return missing.length ? rangesOf(missing) : null;
}

/** Ascending numbers, shortly: `3, 7 to 9`; of many ranges the first ones. */
function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  const shown = ranges.slice(0, 5).map(([first, last]) =>
    first === last ? `${first}` : `${first} to ${last}`
  );
  return shown.join(", ") + (ranges.length > 5 ? " and more" : "");
}
