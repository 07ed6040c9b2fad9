/**
 * What lies where in a run's folder, and how it is read. Everything in it can be opened with other tools.
 *
 * @module
 */
import { join } from "node:path";
import { RunError } from "../errors.ts";
import { isFileLocked } from "../files/file_lock.ts";
import { exists } from "../files/path_exists.ts";
import { readTextIfThere } from "../files/text_file.ts";
import { type Metrics, readMetrics } from "./metrics_file.ts";

/** Names of the files, and of the folder of checkpoints. */
export const RUN_FILES = {
  recipe: "recipe.yaml",
  facts: "run.json",
  metrics: "metrics.jsonl",
  /** Where the time went. */
  timings: "timings.jsonl",
  /** What a report shows of evaluations beside figures. */
  samples: "samples.json",
  checkpoints: "checkpoints",
  student: "student.safetensors",
  summary: "summary.json",
  report: "report.html",
  /** Held by the process that writes; the file itself stays. */
  lock: ".lock",
} as const;

/** A run's folder, to read; the run may be under way. */
export class RunFolder {
  constructor(readonly path: string) {}

  /** Path of a file in it. */
  file(what: keyof typeof RUN_FILES): string {
    return join(this.path, RUN_FILES[what]);
  }

  /** Whether a run began here. */
  async isRun(): Promise<boolean> {
    return await exists(this.file("recipe"));
  }

  /** Whether a process writes it now. */
  isUnderWay(): boolean {
    return isFileLocked(this.file("lock"));
  }

  checkpointFile(step: number): string {
    return join(this.file("checkpoints"), `step-${String(step).padStart(7, "0")}.safetensors`);
  }

  /** Steps that there are checkpoints of, ascending; none if there is no folder of them. */
  async checkpointSteps(): Promise<number[]> {
    const steps: number[] = [];
    if (!await exists(this.file("checkpoints"))) return steps;
    for await (const { name } of Deno.readDir(this.file("checkpoints"))) {
      const match = name.match(/^step-(\d+)\.safetensors$/);
      if (match) steps.push(Number(match[1]));
    }
    return steps.sort((a, b) => a - b);
  }

  /**
   * The lines of `metrics.jsonl`; none if it is not there. A last line that is half written is left out.
   *
   * @throws {RunError} If the file cannot be read.
   */
  async metrics(): Promise<Metrics> {
    return await readMetrics(this.file("metrics"));
  }

  /**
   * `summary.json`; null before the end.
   *
   * @throws {RunError} If it is damaged.
   */
  async summary(): Promise<Record<string, unknown> | null> {
    return await this.#json("summary");
  }

  /**
   * `run.json`; of a run that has none, nothing.
   *
   * @throws {RunError} If it is damaged.
   */
  async facts(): Promise<Record<string, unknown>> {
    return await this.#json("facts") ?? {};
  }

  async #json(what: "summary" | "facts"): Promise<Record<string, unknown> | null> {
    const path = this.file(what), text = await readTextIfThere(path);
    if (text === null) return null;
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === "object" && value !== null && !Array.isArray(value)) {
        return value as Record<string, unknown>;
      }
    } catch { /* told below */ }
    throw new RunError(
      `The file "${path}" is damaged: it holds no JSON object; bring it back, or delete it to go on without`,
    );
  }
}
