/**
 * What is kept of a run when something ends it before its time: a picture that is gone, a terminal that was closed,
 * a disk that is full.
 *
 * @module
 */
import { RunError, UsageError } from "../errors.ts";
import { exists } from "../files/path_exists.ts";
import { WriteError } from "../files/writing.ts";
import { BrokenImageError } from "../images/broken_image_error.ts";
import { NotFiniteError } from "../training/not_finite.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { BrokenStepError } from "./loop.ts";
import type { Recorder } from "./recorder.ts";

/** Writes the checkpoints of a run that has begun, each after the metrics of its steps. */
export class StateKeeper {
  /**
   * @param newest Step of the newest checkpoint.
   * @param recorder What takes down the steps.
   */
  constructor(
    private readonly checkpoints: Pick<Checkpoints, "save" | "fileOf">,
    private readonly recorder: Pick<Recorder, "sync">,
    private newest: number,
  ) {}

  /**
   * Writes the state after a step, unless it is there. Its metrics reach the disk before: after a loss of power they may
   * be ahead of the newest checkpoint, which a resume mends, but never behind it.
   *
   * @throws {WriteError} If a file cannot be written.
   */
  async save(step: number): Promise<void> {
    if (step === this.newest) return;
    this.recorder.sync();
    await this.checkpoints.save(step);
    this.newest = step;
  }

  /**
   * Keeps what was done when an error ends the run.
   *
   * @param done Steps that were taken, and whose metrics are written unless the error is that they could not be.
   * @returns the error to throw: of the same kind, and its message tells what is kept and how to go on.
   */
  async keep(error: unknown, done: number): Promise<unknown> {
    // What ends with the run may fail as well: what is kept goes by what was thrown first.
    if (error instanceof SuppressedError) {
      return new SuppressedError(error.error, await this.keep(error.suppressed, done), error.message);
    }
    if (error instanceof NotFiniteError) error = error.at(done + 1);
    if (error instanceof BrokenStepError) return await this.#told(await withAdvice(error.cause));
    const advised = await withAdvice(error);
    // What could not be written a moment ago is not tried once more: it may be the metrics, which have to come first.
    if (error instanceof WriteError) return await this.#told(advised);
    try {
      await this.save(done);
      return await this.#told(advised);
    } catch (unsaved) {
      const reason = unsaved instanceof Error ? unsaved.message : `${unsaved}`;
      return await this.#told(withNote(advised, `The state after step ${done} could not be kept: ${reason}`));
    }
  }

  async #told(error: unknown): Promise<unknown> {
    const file = this.checkpoints.fileOf(this.newest), state = `The state after step ${this.newest}`;
    return withNote(
      error,
      await exists(file)
        ? `${state} is kept in "${file}"; --resume goes on from it`
        : `${state} was kept in "${file}", which is there no more`, // its folder was removed, its disk is away
    );
  }
}

/** An error of the same kind that tells, if anybody knows, what the user can do about it. */
export async function withAdvice(error: unknown): Promise<unknown> {
  const advice = await adviceFor(error);
  return advice === null ? error : withNote(error, advice);
}

/** What the user can do about it; null: the message says it already, or nobody knows. */
async function adviceFor(error: unknown): Promise<string | null> {
  if (error instanceof NotFiniteError) return error.advice[0].toUpperCase() + error.advice.slice(1);
  if (error instanceof WriteError) return "Make room, or mend what keeps it from being written";
  if (!(error instanceof BrokenImageError)) return null;
  const skip = "set data.on_error: skip, which leaves out what cannot be read";
  return error.file === null || await exists(error.file)
    ? `Put it right, or ${skip}`
    // Without any file a folder's listing would be another one, and every later image at another place.
    : `Put it back; or put an empty file in its place, so that the listing stays as it is, and ${skip}`;
}

/** An error of the same kind, so that a defect keeps its trace, with a sentence more. */
function withNote(error: unknown, note: string): unknown {
  if (error instanceof SuppressedError) {
    return new SuppressedError(error.error, withNote(error.suppressed, note), error.message);
  }
  const message = `${error instanceof Error ? error.message : error}. ${note}`;
  const Kind = [WriteError, RunError, UsageError].find((kind) => error instanceof kind) ?? Error;
  return new Kind(message, { cause: error });
}
