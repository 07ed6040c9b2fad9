/**
 * A logger in one file: the loss of each step as CSV, in the run's folder.
 *
 * A run that was stopped goes on from its newest checkpoint, and takes the steps after it again. So a logger that keeps
 * a file drops, at the start, what it has of those steps: else they would be there twice.
 *
 * ```yaml
 * loggers: [{ plugin: "./csv_logger.ts" }]
 * ```
 *
 * @module
 */
import { definePlugin, type Logger, readTextIfThere, writeTextAtomically, z } from "@seed/core";

class CsvLogger implements Logger {
  readonly #path: string;

  constructor(runDirectory: string, file: string) {
    this.#path = `${runDirectory}/${file}`;
  }

  async start({ startStep }: { startStep: number }): Promise<void> {
    const header = "step,epoch,loss,lr", rows = startStep > 0 ? await this.#rowsUpTo(startStep) : [];
    await writeTextAtomically(this.#path, [header, ...rows].map((row) => `${row}\n`).join(""));
  }

  step({ step, epoch, loss, lr }: { step: number; epoch: number; loss: number; lr: number }): void {
    Deno.writeTextFileSync(this.#path, `${step},${epoch},${loss},${lr}\n`, { append: true });
  }

  /** Rows of steps that are not taken again; a line that was cut off is of one that is. None if it was added just now. */
  async #rowsUpTo(step: number): Promise<string[]> {
    const lines = (await readTextIfThere(this.#path) ?? "").split("\n").slice(1, -1);
    return lines.filter((line) => Number(line.split(",")[0]) <= step);
  }
}

export default definePlugin({
  kind: "logger",
  name: "my-csv",
  apiVersion: 1,
  about: { summary: "The loss of each step as CSV" },
  options: z.strictObject({ file: z.string().regex(/^[\w.-]+$/).default("loss.csv") }),
  create: ({ file }, { runDirectory }) => new CsvLogger(runDirectory, file),
});
