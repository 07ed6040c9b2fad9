/**
 * A run from its recipe to its student: the loop of `loop.ts`, and what is written, measured and stopped around it.
 *
 * @module
 */
import type { Host } from "../interfaces/host.ts";
import { withChosenEngine } from "../parts/choose_engine.ts";
import { Learner } from "../parts/learner.ts";
import { createProcessParts } from "../parts/process_parts.ts";
import type { Processes } from "../processes/processes.ts";
import type { Recipe } from "../recipe/load_recipe.ts";
import { StoppedTogether } from "../processes/go_on_together.ts";
import { positionOf } from "../training/step_position.ts";
import { NotFiniteError } from "../training/not_finite.ts";
import { requireNewestWhole } from "./checkpoints.ts";
import { Clock } from "./clock.ts";
import { Company } from "./company.ts";
import { Course } from "./course.ts";
import { checkInitialWeights } from "./initial_weights.ts";
import { type TakenStep, takeSteps } from "./loop.ts";
import { Messages } from "./messages.ts";
import { compareWithPast, countOf, type Resumed } from "./past_recipe.ts";
import type { Recorder } from "./recorder.ts";
import { batchNormImages } from "./run_record.ts";
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
  /** Of a resume: the run may have become longer, or have another number of processes. Default: false. */
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
 * Runs a recipe: trains, evaluates, writes the run directory. Of several processes the first does; the others take
 * part by `follow.ts`.
 *
 * @param processes All of the run; null: this one is alone.
 * @throws {UsageError} If the run directory is in use, or a resume's recipe is another than the run began with.
 * @throws {RunError} If data, weights or device are not there, or the loss is no longer a number.
 */
export async function distill(
  asked: Recipe,
  options: DistillOptions,
  outer: Host,
  processes: Processes | null = null,
): Promise<DistillResult> {
  const messages = new Messages(outer), { host } = messages;
  await using directory = options.resume
    ? await RunDirectory.open(asked.name, options.out)
    : await RunDirectory.create(asked.name, options.out);
  const recipe = await withChosenEngine(asked, host, processes);
  const resumed = options.resume
    ? await compareWithPast(directory, recipe, {
      extend: options.extend ?? false,
      processes: processes?.size ?? 1,
    })
    : null;
  if (resumed) await requireNewestWhole(directory);
  const initial = resumed ? null : await checkInitialWeights(recipe); // a resume's are in its checkpoint
  await using parts = await createProcessParts(recipe, host, processes);
  using learner = await Learner.create(recipe, parts, host, initial);
  const made = { directory, parts, learner, host, command: options.command ?? null };
  const run = new Run(recipe, made, options.maxSteps);
  await run.agree();
  if (resumed) await run.load();
  // What can fail, or takes hours, comes before the folder is a run's, and before anything in it changes.
  using batches = await TrainingBatches.open(parts, recipe, host).catch(async (error) => {
    throw await withAdvice(error);
  });
  await run.share();
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
  readonly #course: Course;
  /** The processes of the run, of which this is the first; null: it is alone. */
  readonly #company: Company | null;
  /** Whether all processes have been told to stop. */
  #isTold = false;
  #startStep = 0;
  /** Steps that the weights have seen. */
  #done = 0;

  constructor(private readonly recipe: Recipe, private readonly made: Made, maxSteps: number | null) {
    const { parts: { data, standIns, processes }, learner } = made;
    this.#clock = new Clock(recipe.train.batch_size);
    this.#course = new Course(recipe, { images: data.train.length, standIns, maxSteps, processes });
    this.#company = processes && new Company(processes, learner);
    const { stepsPerEpoch, endStep: steps } = this.#course;
    this.#writer = new RunWriter(recipe, made, { stepsPerEpoch, steps });
  }

  /** Makes sure that all processes, if there are several, are to do the same. */
  async agree(): Promise<void> {
    await this.#company?.agree(this.recipe, this.made.parts, this.#course);
  }

  /** Goes on from the run's newest checkpoint. */
  async load(): Promise<void> {
    this.#startStep = this.#done = await this.#writer.load();
  }

  /** Gives the other processes, if there are any, the state that the run begins with. */
  async share(): Promise<void> {
    await this.#company?.begin(this.#startStep);
  }

  /** Makes the folder a run's, or takes down that it goes on. */
  async open(resumed: Resumed | null): Promise<Recorder> {
    if (resumed === null) await this.#writer.begin();
    else {
      await this.#writer.goOn(this.#startStep, resumed);
      if (resumed.extendedFrom !== null) this.#tellExtension(resumed.extendedFrom);
      if (resumed.processesBefore !== null) this.#tellProcesses(resumed.processesBefore);
    }
    return await this.#writer.record(this.#startStep);
  }

  /** A longer run is not the same with an end put to it: its rate goes another way from here on. */
  #tellExtension(epochs: number): void {
    const { schedule: now, stepsPerEpoch } = this.#course, step = this.#done, then = { ...now, epochs };
    const [before, after] = [then, now].map((schedule) =>
      positionOf(step, schedule).learningRate.toPrecision(3)
    );
    this.made.host.log(
      `Extended from ${epochs} to ${now.epochs} epochs, steps ${epochs * stepsPerEpoch} to ` +
        `${now.epochs * stepsPerEpoch}. At step ${step} the rate was to be ${before}, it is ${after} now` +
        (now.schedule === "cosine" ? ", and falls to 0 at the new end" : ""),
    );
  }

  #tellProcesses(before: number): void {
    const now = this.made.parts.processes?.size ?? 1;
    const [seen, sees] = [before, now].map((count) => batchNormImages(this.recipe.train, count));
    this.made.host.log(
      `Goes on in ${
        countOf(now)
      }, no longer in ${before}: batch norm sees ${sees} images at a time now, and saw ${seen}`,
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
      const isTold = this.#isTold || error instanceof StoppedTogether;
      if (!isTold && !isInterruption(error, signal)) throw error;
      await keeper.save(this.#done);
      // What broke off was between two steps: the others wait to be asked before the next.
      if (this.#company && !isTold && this.#done < this.#course.endStep) {
        await this.#company.goesOn(false);
      }
      return false;
    }
  }

  /**
   * A step's checkpoint is written before its evaluation: wherever the run is cut off, what a resume does anew is
   * all that was not done.
   */
  async #train(batches: TrainingBatches, keeper: StateKeeper, recorder: Recorder): Promise<void> {
    const { made: { learner: { step }, host } } = this, company = this.#company;
    const { endStep, schedule } = this.#course, goesOn = company ? () => this.#goesOn(company) : undefined;
    const pausesAfter = (step: number) => this.#course.pausesAfter(step);
    using evaluation = await this.#openEvaluation(recorder);
    await batches.recall(this.#course.plans(0, this.#startStep));
    await evaluation?.at(this.#startStep);
    if (this.#startStep < endStep) {
      host.log("Compiling the first step: that takes up to a minute, once");
    }
    this.#clock.resume();
    const plans = this.#course.plans(this.#startStep);
    let waited = 0;
    for await (const taken of takeSteps(plans, { batches, step, schedule, goesOn, pausesAfter })) {
      const done = ++this.#done;
      this.#record(recorder, taken, batches.waited - waited);
      waited = batches.waited;
      if (done < endStep && !company) host.signal.throwIfAborted(); // several stop together, before the next
      if (this.#course.savesAfter(done)) {
        await company?.requireAlike(done);
        await keeper.save(done);
      }
      await evaluation?.at(done);
      this.#clock.resume(); // neither a checkpoint nor an evaluation is the step's time
    }
    if (this.#done < endStep) throw new StoppedTogether("All processes have stopped");
  }

  async #goesOn(company: Company): Promise<boolean> {
    const { signal } = this.made.host, all = await company.goesOn(!signal.aborted);
    this.#isTold ||= !all;
    return all;
  }

  #record(recorder: Recorder, taken: TakenStep, waitedMs: number): void {
    const { seconds, imagesPerSecond } = this.#clock.step(), { stepsPerEpoch, endStep } = this.#course;
    const secondsLeft = this.#clock.secondsFor(endStep - this.#done);
    recorder.step(stepRecord(taken, { stepsPerEpoch, imagesPerSecond }), {
      ...{ seconds, dataWaitSeconds: waitedMs / 1000, secondsLeft },
    });
  }

  async #openEvaluation(recorder: Recorder): Promise<RunEvaluation | null> {
    const { parts, learner, host: { signal } } = this.made, { recipe } = this, course = this.#course;
    return await RunEvaluation.open(parts, learner, this.#startStep, {
      ...{ recipe, course, signal },
      report: ({ step, ...found }) =>
        recorder.evaluation({ step, epoch: step / course.stepsPerEpoch, ...found }),
    });
  }
}
