import { RunError } from "../errors.ts";
import { SafetensorsFile } from "../weights/safetensors.ts";
import { writing } from "../files/writing.ts";
import { loadCheckpoint, type Origin, saveCheckpoint, type TrainingState } from "./checkpoint.ts";
import { shellQuoted } from "../text/command_line.ts";
import type { RunDirectory } from "./run_directory.ts";
import type { RunFolder } from "./run_folder.ts";

/** The checkpoints of a run under way. */
export class Checkpoints {
  constructor(
    private readonly directory: RunDirectory,
    private readonly state: TrainingState,
    private readonly given: {
      origin: Origin;
      stepsPerEpoch: number;
      /** How many of the newest are kept. */
      keep: number;
    },
  ) {}

  /** Path of a step's. */
  fileOf(step: number): string {
    return this.directory.checkpointFile(step);
  }

  /**
   * Writes the state after a step, and removes the oldest.
   *
   * @throws {WriteError} If the file cannot be written; those before are as they were.
   */
  async save(step: number): Promise<void> {
    const { given: { origin, stepsPerEpoch } } = this, path = this.fileOf(step);
    const progress = { step, epoch: step / stepsPerEpoch };
    await writing(path, () => saveCheckpoint(path, this.state, progress, origin));
    await this.removeOld();
  }

  /** Removes the oldest, of which a process that was killed may have left one more. */
  async removeOld(): Promise<void> {
    for (const old of (await this.directory.checkpointSteps()).slice(0, -this.given.keep)) {
      await writing(this.fileOf(old), () => Deno.remove(this.fileOf(old)));
    }
  }

  /**
   * Sets the state to the newest one's.
   *
   * @returns the step that it is of.
   * @throws {RunError} If there is none, or it is of another run.
   */
  async resume(): Promise<number> {
    const { directory, given: { origin, stepsPerEpoch } } = this;
    const newest = (await directory.checkpointSteps()).at(-1);
    if (newest === undefined) {
      throw new RunError(`The run "${directory.path}" has no checkpoint to resume from; start it anew`);
    }
    const path = this.fileOf(newest);
    const { step, epoch } = await loadCheckpoint(path, this.state, origin);
    if (step !== newest) {
      throw new RunError(
        `The checkpoint "${path}" says that it is of step ${step}; its name or its content is damaged`,
      );
    }
    if (epoch !== step / stepsPerEpoch) {
      throw new RunError(
        `The checkpoint "${path}" has ${
          step / epoch
        } steps an epoch, but the data and train.batch_size now give ` +
          `${stepsPerEpoch}; resume with those that the run began with`,
      );
    }
    return step;
  }
}

/**
 * Makes sure that the newest checkpoint is as it was written.
 *
 * @throws {RunError} If not; the message tells the newest that is, and how to go on from there.
 */
export async function requireNewestWhole(run: RunFolder): Promise<void> {
  const damaged: string[] = [];
  let first: string | null = null;
  for (const step of (await run.checkpointSteps()).toReversed()) {
    const file = run.checkpointFile(step), problem = await problemOf(file);
    if (problem === null) {
      if (first === null) return;
      throw new RunError(
        `The newest checkpoint is damaged: ${first}\nThat of step ${step} is whole. To go on from there, delete what is ` +
          `newer, and resume again:\n    rm ${damaged.map(shellQuoted).join(" ")}`,
      );
    }
    first ??= problem;
    damaged.push(file);
  }
  if (first !== null) {
    throw new RunError(
      `The newest checkpoint is damaged: ${first}\nThere is none before it that is whole; start another run with --out`,
    );
  }
}

/** What is wrong with a checkpoint; null: it is as it was written, as far as it tells. */
async function problemOf(path: string): Promise<string | null> {
  try {
    using file = await SafetensorsFile.open(path, "");
    file.checkValues();
    return null;
  } catch (error) {
    if (error instanceof RunError || error instanceof Deno.errors.NotFound) return error.message;
    throw error;
  }
}
