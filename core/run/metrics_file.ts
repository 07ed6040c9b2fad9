/**
 * `metrics.jsonl`: a JSON object a line, one a step and one an evaluation. After a resume the lines of steps that are
 * done again are replaced, so that the file reads like an uninterrupted run's.
 *
 * @module
 */
import { RunError } from "../errors.ts";
import { writeTextAtomically } from "../files/atomic_file.ts";
import { LineFile } from "../files/line_file.ts";
import { writing } from "../files/writing.ts";
import type { EvaluationRecord, StepRecord } from "../interfaces/logger.ts";

/** A line as it is read: of a step, or of an evaluation. */
export type MetricsLine = Partial<StepRecord> & Partial<EvaluationRecord> & { step: number };

/** The file of a run that is under way. */
export class MetricsFile implements Disposable {
  private constructor(private readonly file: LineFile) {}

  /**
   * Opens it to go on after a step: what a resume writes again is taken out.
   *
   * @throws {RunError} If a line is no JSON, or the file cannot be written.
   */
  static async open(path: string, startStep: number): Promise<MetricsFile> {
    const kept = parse(path, await wholeLines(path)).filter(({ line }) =>
      // A step is evaluated after its checkpoint.
      "evaluation" in line ? line.step < startStep : line.step <= startStep
    );
    await writing(path, () => writeTextAtomically(path, kept.map(({ text }) => text + "\n").join("")));
    return new MetricsFile(LineFile.open(path));
  }

  /**
   * Adds a line, whole or not at all.
   *
   * @throws {WriteError} If it cannot be written.
   */
  write(record: StepRecord | EvaluationRecord): void {
    this.file.append(JSON.stringify(record));
  }

  /** Sees to it that all lines outlive a loss of power: a checkpoint does, and must not be ahead of them. */
  sync(): void {
    this.file.sync();
  }

  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }
}

/**
 * The lines of a file; none if it is not there. A last line that a crash, or a run under way, has half written is left
 * out.
 *
 * @throws {RunError} If another is no JSON.
 */
export async function readMetrics(path: string): Promise<MetricsLine[]> {
  return parse(path, await wholeLines(path)).map(({ line }) => line);
}

async function wholeLines(path: string): Promise<string[]> {
  const text = await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  });
  return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter(Boolean);
}

function parse(path: string, lines: string[]): { text: string; line: MetricsLine }[] {
  return lines.map((text, i) => {
    try {
      return { text, line: JSON.parse(text) };
    } catch {
      throw new RunError(
        `Line ${i + 1} of "${path}" is not JSON: the file is damaged; take the line out, and resume`,
      );
    }
  });
}
