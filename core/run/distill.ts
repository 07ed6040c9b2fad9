/**
 * A run from its recipe to its student: the loop of `loop.ts`, and what is written, measured and stopped around it.
 *
 * @module
 */
import type { Host } from "../interfaces/host.ts";
import { Learner } from "../parts/learner.ts";
import { createProcessParts } from "../parts/process_parts.ts";
import type { Recipe } from "../recipe/load_recipe.ts";
import { positionOf } from "../training/step_position.ts";
import { NotFiniteError } from "../training/not_finite.ts";
import { scheduleOf, type ScheduleOptions } from "../training/schedule.ts";
import { planSteps, type StepPlan } from "../views/sampler.ts";
import { requireNewestWhole } from "./checkpoints.ts";
import { Clock } from "./clock.ts";
import { type TakenStep, takeSteps } from "./loop.ts";
import { Messages } from "./messages.ts";
import { compareWithPast, type Resumed } from "./past_recipe.ts";
import type { Recorder } from "./recorder.ts";
import { RunDirectory } from "./run_directory.ts";
import { RunEvaluation } from "./run_evaluation.ts";
import { type Made, RunWriter } from "./run_writer.ts";
import { StateKeeper, withAdvice } from "./state_keeper.ts";
import { stepRecord } from "./step_record.ts";
import { TrainingBatches } from "./training_batches.ts";

/** How to run a recipe. */
export interface DistillOptions {
  /** Folder of the run; null: `runs/<recipe>`. */
  out: string | null;
  /** Stop after this many steps of the whole run; null: at its end. */
  maxSteps: number | null;
  /** Go on with a run from its newest checkpoint. */
  resume: boolean;
  /** Of a resume: the run may have become longer. Default: false. */
  extend?: boolean;
  /** What the user has typed, for the run's record. Default: it is not told. */
  command?: string;
}

/** What came of it. */
export interface DistillResult {
  directory: string;
  /** False if it was interrupted; a resume goes on. */
  finished: boolean;
}

/**
 * Runs a recipe: trains, evaluates, writes the run directory.
 *
 * @throws {UsageError} If the run directory is in use, or a resume's recipe is another than the run began with.
 * @throws {RunError} If data, weights or device are not there, or the loss is no longer a number.
 */
export async function distill(recipe: Recipe, options: DistillOptions, outer: Host): Promise<DistillResult> {
  const messages = new Messages(outer), { host } = messages;
  await using directory = options.resume
    ? await RunDirectory.open(recipe.name, options.out)
    : await RunDirectory.create(recipe.name, options.out);
  const resumed = options.resume
    ? await compareWithPast(directory, recipe, { extend: options.extend ?? false })
    : null;
  if (resumed) await requireNewestWhole(directory);
  await using parts = await createProcessParts(recipe, host);
  using learner = await Learner.create(recipe, parts, host);
  const made = { directory, parts, learner, host, command: options.command ?? null };
  const run = new Run(recipe, made, options.maxSteps);
  if (resumed) await run.load();
  // What can fail, or takes hours, comes before the folder is a run's, and before anything in it changes.
  using batches = await TrainingBatches.open(parts, recipe, host).catch(async (error) => {
    throw await withAdvice(error);
  });
  await using recorder = await run.open(resumed);
  using _listening = messages.goTo(recorder);
  const finished = await run.train(batches, recorder);
  messages.throwIfFailed();
  return { directory: directory.path, finished };
}

/** Whether it is the user who stopped the run, and not what could not be told him. */
function isInterruption(error: unknown, { aborted, reason }: AbortSignal): boolean {
  return aborted && error === reason && error instanceof DOMException && error.name === "AbortError";
}

/** A run under way. */
class Run {
  readonly #clock: Clock;
  readonly #writer: RunWriter;
  readonly #schedule: ScheduleOptions;
  readonly #stepsPerEpoch: number;
  readonly #endStep: number;
  #startStep = 0;
  /** Steps that the weights have seen. */
  #done = 0;

  constructor(private readonly recipe: Recipe, private readonly made: Made, maxSteps: number | null) {
    const { train } = recipe;
    this.#clock = new Clock(train.batch_size);
    this.#stepsPerEpoch = Math.floor(made.parts.data.train.length / train.batch_size);
    this.#endStep = Math.min(maxSteps ?? Infinity, train.epochs * this.#stepsPerEpoch);
    this.#schedule = scheduleOf(train, this.#stepsPerEpoch);
    this.#writer = new RunWriter(recipe, made, { stepsPerEpoch: this.#stepsPerEpoch, steps: this.#endStep });
  }

  /** Goes on from the run's newest checkpoint. */
  async load(): Promise<void> {
    this.#startStep = this.#done = await this.#writer.load();
  }

  /** Makes the folder a run's, or takes down that it goes on. */
  async open(resumed: Resumed | null): Promise<Recorder> {
    if (resumed === null) await this.#writer.begin();
    else {
      await this.#writer.goOn(this.#startStep, resumed);
      if (resumed.extendedFrom !== null) this.#tellExtension(resumed.extendedFrom);
    }
    return await this.#writer.record(this.#startStep);
  }

  /** A longer run is not the same with an end put to it: its rate goes another way from here on. */
  #tellExtension(epochs: number): void {
    const step = this.#done, now = this.#schedule, then = { ...now, epochs };
    const [before, after] = [then, now].map((schedule) =>
      positionOf(step, schedule).learningRate.toPrecision(3)
    );
    this.made.host.log(
      `Extended from ${epochs} to ${now.epochs} epochs, steps ${epochs * this.#stepsPerEpoch} to ` +
        `${
          now.epochs * this.#stepsPerEpoch
        }. At step ${step} the rate was to be ${before}, it is ${after} now` +
        (now.schedule === "cosine" ? ", and falls to 0 at the new end" : ""),
    );
  }

  /** Returns whether it came to its end; if it was interrupted, a checkpoint of the last step is there. */
  async train(batches: TrainingBatches, recorder: Recorder): Promise<boolean> {
    const keeper = new StateKeeper(this.#writer.checkpoints, recorder, this.#startStep);
    try {
      if (!await this.#trainUnlessInterrupted(batches, keeper, recorder)) return false;
    } catch (error) {
      throw await keeper.keep(error, this.#done);
    }
    await recorder.end();
    return true;
  }

  async #trainUnlessInterrupted(
    batches: TrainingBatches,
    keeper: StateKeeper,
    recorder: Recorder,
  ): Promise<boolean> {
    try {
      await this.#train(batches, keeper, recorder);
      const { imagesPerSecond } = this.#clock;
      await this.#writer.finish({ imagesPerSecond, waitedMs: batches.waited });
      return true;
    } catch (error) {
      const { signal } = this.made.host;
      if (error instanceof NotFiniteError) throw error.at(this.#done + 1);
      if (!isInterruption(error, signal)) throw error;
      await keeper.save(this.#done);
      return false;
    }
  }

  /**
   * A step's checkpoint is written before its evaluation: wherever the run is cut off, what a resume does anew is
   * all that was not done.
   */
  async #train(batches: TrainingBatches, keeper: StateKeeper, recorder: Recorder): Promise<void> {
    const { made: { learner: { step }, host } } = this;
    using evaluation = await this.#evaluation(recorder);
    await batches.recall(this.#plans(0, this.#startStep));
    await this.#evaluate(evaluation, this.#startStep);
    if (this.#startStep < this.#endStep) {
      host.log("Compiling the first step: that takes up to a minute, once");
    }
    this.#clock.resume();
    const plans = this.#plans(this.#startStep, this.#endStep);
    let waited = 0;
    for await (const taken of takeSteps(plans, { batches, step, schedule: this.#schedule })) {
      const done = ++this.#done;
      this.#record(recorder, taken, batches.waited - waited);
      waited = batches.waited;
      if (done < this.#endStep) host.signal.throwIfAborted();
      if (this.#isDue(done) || done === this.#endStep) await keeper.save(done);
      await this.#evaluate(evaluation, done);
      this.#clock.resume(); // neither a checkpoint nor an evaluation is the step's time
    }
  }

  #record(recorder: Recorder, taken: TakenStep, waitedMs: number): void {
    const { seconds, imagesPerSecond } = this.#clock.step(), stepsPerEpoch = this.#stepsPerEpoch;
    const secondsLeft = this.#clock.secondsFor(this.#endStep - this.#done);
    recorder.step(stepRecord(taken, { stepsPerEpoch, imagesPerSecond }), {
      ...{ seconds, dataWaitSeconds: waitedMs / 1000, secondsLeft },
    });
  }

  #plans(startStep: number, endStep: number): Iterable<StepPlan> {
    const { made: { parts: { data, standIns } }, recipe: { train, data: { shuffle }, seed } } = this;
    const images = data.train.length, batchSize = train.batch_size;
    return planSteps({ images, batchSize, shuffle, seed, startStep, endStep, standIns });
  }

  async #evaluation(recorder: Recorder): Promise<RunEvaluation | null> {
    const { parts, learner, host } = this.made;
    if (learner.evaluators.length === 0) return null;
    const evaluation = new RunEvaluation(
      parts,
      learner,
      this.recipe,
      host.signal,
      ({ step, ...found }) => recorder.evaluation({ step, epoch: step / this.#stepsPerEpoch, ...found }),
    );
    if (this.#startStep > 0) await evaluation.embedReference();
    return evaluation;
  }

  /** Before training, at the ends of epochs that the recipe asks for, and after training. */
  async #evaluate(evaluation: RunEvaluation | null, step: number): Promise<void> {
    if (step === 0) await evaluation?.before();
    else if (step === this.#endStep || this.#endsEpoch(step, this.recipe.evaluate.every_epochs)) {
      await evaluation?.student(step);
    }
  }

  #isDue(step: number): boolean {
    const { every_steps } = this.recipe.checkpoint;
    return every_steps === null ? this.#endsEpoch(step, 1) : step % every_steps === 0;
  }

  #endsEpoch(step: number, every: number | null): boolean {
    return every !== null && step % (every * this.#stepsPerEpoch) === 0;
  }
}
