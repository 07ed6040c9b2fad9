import { StoppedTogether } from "../processes/go_on_together.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { positionOf } from "../training/step_position.ts";
import { Clock } from "./clock.ts";
import { Company } from "./company.ts";
import { Course } from "./course.ts";
import { type TakenStep, takeSteps } from "./loop.ts";
import { countOf, type Resumed } from "./past_recipe.ts";
import type { Recorder } from "./recorder.ts";
import { shownViews } from "./shown_views.ts";
import { batchNormImages } from "./run_record.ts";
import { RunEvaluation } from "./run_evaluation.ts";
import { type Made, RunWriter } from "./run_writer.ts";
import { SampleKeeper } from "./samples/sample_keeper.ts";
import { StateKeeper } from "./state_keeper.ts";
import { stepRecord } from "./step_record.ts";
import type { BatchSource } from "./training_batches.ts";

/** Whether it is the user who stopped the run, and not what could not be told him. */
function isInterruption(error: unknown, { aborted, reason }: AbortSignal): boolean {
  return aborted && error === reason && error instanceof DOMException && error.name === "AbortError";
}

/** A run under way: the loop of `loop.ts`, and what is written, measured and stopped around it. */
export class Run {
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

  /**
   * Makes sure that all processes, if there are several, are to do the same.
   *
   * @param resumes Whether it is to go on with a run.
   */
  async agree(resumes: boolean): Promise<void> {
    await this.#company?.agree(this.recipe, this.made.parts, this.#course, resumes);
  }

  /** Goes on from the run's newest checkpoint. */
  async load(): Promise<void> {
    this.#startStep = this.#done = await this.#writer.load();
  }

  /** Gives the other processes, if there are any, the state that the run begins with. */
  async share(): Promise<void> {
    await this.#company?.begin(this.#startStep);
  }

  /** Makes the folder a run's, or takes down that it goes on; if a logger cannot start, its files are as before. */
  async open(resumed: Resumed | null): Promise<Recorder> {
    if (resumed === null) await this.#writer.begin();
    else {
      await this.#writer.compare(this.#startStep, resumed);
      if (resumed.extendedFrom !== null) this.#tellExtension(resumed.extendedFrom);
      if (resumed.processesBefore !== null) this.#tellProcesses(resumed.processesBefore);
    }
    try {
      return await this.#writer.record(this.#startStep, resumed);
    } catch (error) {
      if (resumed === null) await this.made.directory.takeBack();
      throw error;
    }
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

  /** Says how many milliseconds it has waited while other runs were first evaluated: its own time leaves them out. */
  waitedForOthers(milliseconds: number): void {
    this.#clock.leaveOut(milliseconds);
  }

  /** Returns whether it came to its end; if it was interrupted, a checkpoint of the last step is there. */
  async train(batches: BatchSource, recorder: Recorder): Promise<boolean> {
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
    batches: BatchSource,
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
      const isTold = this.#isTold || error instanceof StoppedTogether;
      if (!isTold && !isInterruption(error, signal)) throw error;
      if (this.#company && this.#done < this.#course.endStep) {
        // What broke off was between two steps: the others wait to be asked before the next.
        if (!isTold) await this.#company.goesOn(false);
        await this.#company.requireAlike(this.#done); // all come here, each told to stop
      }
      await keeper.save(this.#done);
      return false;
    }
  }

  /**
   * A step's checkpoint is written before its evaluation: wherever the run is cut off, what a resume does anew is
   * all that was not done.
   */
  async #train(batches: BatchSource, keeper: StateKeeper, recorder: Recorder): Promise<void> {
    const { made: { learner: { step }, host } } = this, company = this.#company;
    const { endStep, schedule } = this.#course, goesOn = company ? () => this.#goesOn(company) : undefined;
    const pausesAfter = (step: number) => this.#course.pausesAfter(step);
    using evaluation = await this.#openEvaluation(recorder);
    await batches.recall(this.#course.plans(0, this.#startStep), host.signal);
    await evaluation?.at(this.#startStep);
    if (this.#startStep === 0 && recorder.wantsPictures) {
      for (const record of await shownViews(this.recipe, this.made.parts)) await recorder.pictures(record);
    }
    if (this.#startStep < endStep) {
      host.log("Compiling the first step: that takes up to a minute, once");
    }
    recorder.pause(this.#startStep, this.#clock.resume());
    const plans = this.#course.plans(this.#startStep);
    let waited = 0, idle = 0;
    for await (const taken of takeSteps(plans, { batches, step, schedule, goesOn, pausesAfter })) {
      const done = ++this.#done;
      this.#record(recorder, taken, { waited: batches.waited - waited, idle: batches.idle - idle });
      ({ waited, idle } = batches);
      if (done < endStep && !company) host.signal.throwIfAborted(); // several stop together, before the next
      if (this.#course.savesAfter(done)) {
        await company?.requireAlike(done);
        await keeper.save(done);
      }
      await evaluation?.at(done);
      const pause = this.#clock.resume(); // neither a checkpoint nor an evaluation is the step's time
      batches.paused(1000 * pause);
      if (this.#course.pausesAfter(done)) recorder.pause(done, pause);
    }
    if (this.#done < endStep) throw new StoppedTogether("All processes have stopped");
  }

  async #goesOn(company: Company): Promise<boolean> {
    const { signal } = this.made.host, all = await company.goesOn(!signal.aborted);
    this.#isTold ||= !all;
    return all;
  }

  /** @param milliseconds In which the step waited for views, and for other runs. */
  #record(recorder: Recorder, taken: TakenStep, milliseconds: { waited: number; idle: number }): void {
    const { seconds, imagesPerSecond } = this.#clock.step(milliseconds.idle);
    const { stepsPerEpoch, endStep, lastTaughtStep } = this.#course;
    if (this.#done === lastTaughtStep) this.#clock.forget();
    const secondsLeft = this.#clock.secondsFor(endStep - this.#done);
    const secondsLeftAtMost = lastTaughtStep !== null && this.#done < lastTaughtStep;
    recorder.step(stepRecord(taken, { stepsPerEpoch, imagesPerSecond }), {
      ...{ seconds, dataWaitSeconds: milliseconds.waited / 1000, secondsLeft, secondsLeftAtMost },
    });
  }

  async #openEvaluation(recorder: Recorder): Promise<RunEvaluation | null> {
    const { directory, parts, learner, host: { signal, log } } = this.made;
    const { recipe } = this, course = this.#course, { pipeline } = parts;
    const keeper = await SampleKeeper.open(directory, { seed: recipe.seed, pipeline, signal, log });
    return await RunEvaluation.open(parts, learner, this.#startStep, {
      ...{ recipe, course, signal },
      samples: {
        async add(network, step, subject) {
          await keeper.add(network, step, subject);
          if (recorder.wantsPictures) await recorder.pictures(await keeper.neighbours(network));
        },
      },
      report: ({ step, ...found }) =>
        recorder.evaluation({ step, epoch: step / course.stepsPerEpoch, ...found }),
    });
  }
}
