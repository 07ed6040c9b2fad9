import { RunError } from "../errors.ts";
import { SafetensorsFile } from "../weights/safetensors.ts";
import { loadCheckpoint, type Origin, saveCheckpoint, type TrainingState } from "./checkpoint.ts";
import type { RunDirectory } from "./run_directory.ts";

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

  /** Writes the state after a step, and removes the oldest. */
  async save(step: number): Promise<void> {
    const { directory, given: { origin, stepsPerEpoch, keep } } = this;
    await saveCheckpoint(this.fileOf(step), this.state, { step, epoch: step / stepsPerEpoch }, origin);
    for (const old of (await directory.checkpointSteps()).slice(0, -keep)) {
      await Deno.remove(this.fileOf(old));
    }
  }

  /** @throws {RunError} If the file is damaged; the message tells how to go on from the one before. */
  async #requireWhole(step: number): Promise<void> {
    try {
      using file = await SafetensorsFile.open(this.fileOf(step));
      file.checkValues();
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      const before = (await this.directory.checkpointSteps()).filter((other) => other < step).at(-1);
      const advice = before === undefined
        ? "there is none before it; start the run anew in another folder"
        : `the one before is of step ${before}: to go on from there, delete this file and resume again`;
      throw new RunError(`The newest checkpoint is damaged; ${advice}. ${error.message}`, { cause: error });
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
    await this.#requireWhole(newest);
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
