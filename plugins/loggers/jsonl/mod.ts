/**
 * `metrics.jsonl` in the run directory: a JSON object a line, one a step and one an evaluation. After a resume the
 * lines of steps that are done again are replaced, so that the file reads like an uninterrupted run's.
 *
 * @module
 */
import { join } from "node:path";
import {
  definePlugin,
  type EvaluationRecord,
  type Logger,
  type RunDescription,
  RunError,
  type StepRecord,
  writeTextAtomically,
  z,
} from "@seed/core";

class JsonlLogger implements Logger {
  #file: Deno.FsFile | null = null;
  readonly #encoder = new TextEncoder();

  constructor(private readonly path: string) {}

  async start({ startStep }: RunDescription): Promise<void> {
    await writeTextAtomically(this.path, await linesUpTo(this.path, startStep));
    this.#file = await Deno.open(this.path, { append: true });
  }

  step(record: StepRecord): void {
    this.#write(record);
  }

  evaluation(record: EvaluationRecord): void {
    this.#write(record);
  }

  [Symbol.dispose](): void {
    this.#file?.close();
  }

  #write(record: object): void {
    this.#file!.writeSync(this.#encoder.encode(JSON.stringify(record) + "\n"));
  }
}

/**
 * The lines that a resume after `step` does not write again: steps up to it, and evaluations before it (a step is
 * evaluated after its checkpoint). A last line that a crash cut off is dropped.
 */
async function linesUpTo(path: string, step: number): Promise<string> {
  const text = await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  });
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter(Boolean);
  const isKept = (line: string, i: number) => {
    const record = parse(line, `Line ${i + 1} of "${path}"`);
    return "evaluation" in record ? record.step < step : record.step <= step;
  };
  return lines.filter(isKept).map((line) => line + "\n").join("");
}

function parse(line: string, what: string): Record<string, number> {
  try {
    return JSON.parse(line);
  } catch {
    throw new RunError(`${what} is not JSON: the file is damaged; take the line out, and resume`);
  }
}

export default definePlugin({
  kind: "logger",
  name: "@seed/logger-jsonl",
  apiVersion: 1,
  about: { summary: "metrics.jsonl: a JSON object a step and an evaluation" },
  options: z.strictObject({}),
  create: (_options, { runDirectory }) => new JsonlLogger(join(runDirectory, "metrics.jsonl")),
});
