/**
 * `timings.jsonl`: where a run's time went, a JSON object a line: of each step `seconds` and, of these, `data_wait_seconds`;
 * of what is between steps `pause_seconds`. All of it is measured, so it stands apart from `metrics.jsonl`, which two runs
 * of a recipe have in common.
 *
 * @module
 */
import { z } from "zod";
import { writeTextAtomically } from "../files/atomic_file.ts";
import { LineFile } from "../files/line_file.ts";
import { readTextIfThere } from "../files/text_file.ts";
import { writing } from "../files/writing.ts";
import type { StepTiming } from "../interfaces/logger.ts";

const seconds = z.number().min(0);
const STEP = z.object({ step: z.int().positive(), seconds, data_wait_seconds: seconds });
const PAUSE = z.object({ step: z.int().min(0), pause_seconds: seconds });
const LINE = z.union([STEP, PAUSE]);

/** A line: of a step, or of the evaluations and checkpoints after it, and of what comes before the first step. */
export type Timing = z.output<typeof LINE>;

/** The file of a run that is under way. */
export class TimingsFile implements Disposable {
  private constructor(private readonly file: LineFile) {}

  /**
   * Opens it to go on after a step: lines of steps that a resume does again are taken out.
   *
   * @throws {RunError} If it cannot be read or written.
   */
  static async open(path: string, startStep: number): Promise<TimingsFile> {
    const kept = (await readTimings(path)).filter(({ step }) => step <= startStep);
    const text = kept.map((line) => JSON.stringify(line) + "\n").join("");
    await writing(path, () => writeTextAtomically(path, text));
    return new TimingsFile(LineFile.open(path));
  }

  /** Takes down a step. */
  step(step: number, { seconds, dataWaitSeconds }: StepTiming): void {
    this.#add({ step, seconds: rounded(seconds), data_wait_seconds: rounded(dataWaitSeconds) });
  }

  /** Takes down what was done between a step and the next: evaluations, checkpoints, or the preparation before the first. */
  pause(step: number, seconds: number): void {
    this.#add({ step, pause_seconds: rounded(seconds) });
  }

  #add(line: Timing): void {
    this.file.append(JSON.stringify(line));
  }

  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }
}

/**
 * The lines that can be read; none if there is no file. One that is damaged, or that a crash has cut off, is left out:
 * who sums them up says of how many steps they are.
 *
 * @throws {RunError} If the file cannot be read.
 */
export async function readTimings(path: string): Promise<Timing[]> {
  const text = await readTextIfThere(path) ?? "";
  return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").flatMap((line) => {
    try {
      const { success, data } = LINE.safeParse(JSON.parse(line));
      return success ? [data] : [];
    } catch {
      return [];
    }
  });
}

/** To a tenth of a millisecond. */
function rounded(seconds: number): number {
  return Math.round(Math.max(0, seconds) * 1e4) / 1e4;
}
