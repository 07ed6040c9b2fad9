import { RunError } from "../errors.ts";
import { writing } from "../files/writing.ts";
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

  /**
   * Writes the state after a step, and removes the oldest.
   *
   * @throws {WriteError} If the file cannot be written; those before are as they were.
   */
  async save(step: number): Promise<void> {
    const { directory, given: { origin, stepsPerEpoch, keep } } = this, path = this.fileOf(step);
    const progress = { step, epoch: step / stepsPerEpoch };
    await writing(path, () => saveCheckpoint(path, this.state, progress, origin));
    for (const old of (await directory.checkpointSteps()).slice(0, -keep)) {
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
    const path = this.fileOf(newest), { step, epoch } = await loadCheckpoint(path, this.state, origin);
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
