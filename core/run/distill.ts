/**
 * The training loop: SEED's algorithm, or any other objective's.
 *
 * @module
 */
import type { Recipe } from "../recipe/load_recipe.ts";
import {
  loadCheckpoint,
  type Origin,
  saveCheckpoint,
  saveStudent,
  type TrainingState,
} from "./checkpoint.ts";
import { Clock } from "./clock.ts";
import type { Host } from "../interfaces/host.ts";
import { pluginContext } from "../parts/create_plugin.ts";
import { Learner } from "../parts/learner.ts";
import { createProcessParts, type ProcessParts } from "../parts/process_parts.ts";
import { RunError } from "../errors.ts";
import type { EvaluationRecord, Logger } from "../interfaces/logger.ts";
import { RunDirectory } from "./run_directory.ts";
import { writeReport } from "./report.ts";
import { RunEvaluation } from "./run_evaluation.ts";
import { describeRun, runFacts, writeSummary } from "./run_record.ts";
import { planSteps, type StepPlan } from "../views/sampler.ts";
import { scheduleOf, type ScheduleOptions } from "../training/schedule.ts";
import { type TakenStep, takeSteps } from "./loop.ts";
import { TrainingBatches } from "./training_batches.ts";
import { stateOf } from "../training/loss_terms.ts";
import { NotFiniteError } from "../training/not_finite.ts";

/** How to run a recipe. */
export interface DistillOptions {
  /** Folder of the run; null: `runs/<recipe>`. */
  out: string | null;
  /** Stop after this many steps of the whole run; null: at its end. */
  maxSteps: number | null;
  /** Go on with a run from its newest checkpoint. */
  resume: boolean;
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
 * @throws {UsageError} If the run directory is in use.
 * @throws {RunError} If data, weights or device are not there, or the loss is no longer a number.
 */
export async function distill(recipe: Recipe, options: DistillOptions, host: Host): Promise<DistillResult> {
  await using directory = options.resume
    ? await RunDirectory.open(recipe.name, options.out)
    : await RunDirectory.create(recipe.name, options.out);
  await using parts = await createProcessParts(recipe, host);
  using learner = await Learner.create(recipe, parts, host);
  using run = await Run.open(recipe, directory, { parts, learner }, options, host);
  return { directory: directory.path, finished: await run.train() };
}

/** Everything that a recipe names. */
interface Made {
  parts: ProcessParts;
  learner: Learner;
}

/** A run under way. */
class Run implements Disposable {
  readonly #clock: Clock;
  readonly #state: TrainingState;
  readonly #schedule: ScheduleOptions;
  readonly #stepsPerEpoch: number;
  readonly #endStep: number;
  readonly #loggers: Logger[] = [];
  #batches: TrainingBatches | null = null;
  #startStep = 0;
  #waitedBefore = 0;
  /** Steps that the weights have seen. */
  #done = 0;

  private constructor(
    private readonly recipe: Recipe,
    private readonly directory: RunDirectory,
    private readonly made: Made,
    maxSteps: number | null,
    private readonly host: Host,
  ) {
    const { train } = recipe, { parts, learner: { student, average, terms, step } } = made;
    this.#clock = new Clock(train.batch_size);
    this.#state = {
      student: student.parameters,
      more: [
        ...step.optimizer.state,
        ...stateOf(terms),
        ...average?.parameters ?? [],
      ],
      queues: terms.flatMap(({ queue, queueName: name }) => queue ? [{ name, queue }] : []),
    };
    this.#stepsPerEpoch = Math.floor(parts.data.train.length / train.batch_size);
    this.#endStep = Math.min(maxSteps ?? Infinity, train.epochs * this.#stepsPerEpoch);
    this.#schedule = scheduleOf(train, this.#stepsPerEpoch);
  }

  static async open(
    recipe: Recipe,
    directory: RunDirectory,
    made: Made,
    options: DistillOptions,
    host: Host,
  ): Promise<Run> {
    const run = new Run(recipe, directory, made, options.maxSteps, host);
    if (options.resume) await run.#resume();
    else {
      await directory.begin(recipe.resolved);
      await directory.writeJson("run.json", runFacts(recipe, made.parts, made.learner));
    }
    await run.#startLoggers();
    return run;
  }

  /** Returns whether it came to its end; if it was interrupted, a checkpoint of the last step is there. */
  async train(): Promise<boolean> {
    try {
      await this.#train();
    } catch (error) {
      const { signal } = this.host;
      if (error instanceof NotFiniteError) throw await this.#wentWrong(error);
      if (!signal.aborted || error !== signal.reason) throw error;
      await this.#checkpoint(this.#done);
      return false;
    }
    await this.#finish();
    return true;
  }

  /**
   * A step's checkpoint is written before its evaluation: wherever the run is cut off, what a resume does anew is
   * all that was not done.
   */
  async #train(): Promise<void> {
    const { made: { parts, learner }, recipe, host } = this;
    using evaluation = await this.#evaluation();
    using batches = this.#batches = await TrainingBatches.open(parts, recipe, host);
    await batches.recall(this.#plans(0, this.#startStep));
    if (this.#startStep === 0) await this.#checkpoint(0);
    await this.#evaluate(evaluation, this.#startStep);
    this.#clock.resume();
    const plans = this.#plans(this.#startStep, this.#endStep), makers = { batches, step: learner.step };
    for await (const taken of takeSteps(plans, { ...makers, schedule: this.#schedule })) {
      const step = ++this.#done;
      this.#log(step, taken);
      if (step < this.#endStep) host.signal.throwIfAborted();
      if (this.#isDue(step) || step === this.#endStep) await this.#checkpoint(step);
      await this.#evaluate(evaluation, step);
      this.#clock.resume();
    }
  }

  /** If a step goes wrong there is a checkpoint of the state before it. */
  async #wentWrong(error: NotFiniteError): Promise<RunError> {
    await this.#checkpoint(this.#done);
    return new RunError(
      `Step ${this.#done + 1} went wrong: ${error.message}. The state before it is in ` +
        `"${
          this.directory.checkpointFile(this.#done)
        }"; lower train.lr or set train.clip_grad_norm, and resume`,
    );
  }

  [Symbol.dispose](): void {
    for (const logger of this.#loggers) logger[Symbol.dispose]();
  }

  get #origin(): Origin {
    return { seed: this.recipe.seed, teacher: this.made.parts.teacher?.weights?.sha256 ?? null };
  }

  async #resume(): Promise<void> {
    const [newest] = (await this.directory.checkpointSteps()).reverse();
    if (newest === undefined) {
      throw new RunError(`The run "${this.directory.path}" has no checkpoint to resume from; start it anew`);
    }
    const path = this.directory.checkpointFile(newest);
    const { step, epoch } = await loadCheckpoint(path, this.#state, this.#origin);
    if (epoch !== step / this.#stepsPerEpoch) {
      throw new RunError(
        `The checkpoint "${path}" has ${
          step / epoch
        } steps an epoch, but the data and train.batch_size now give ` +
          `${this.#stepsPerEpoch}; resume with those that the run began with`,
      );
    }
    this.#startStep = this.#done = step;
  }

  #plans(startStep: number, endStep: number): Iterable<StepPlan> {
    const { made: { parts: { data } }, recipe } = this;
    return planSteps({
      images: data.train.length,
      batchSize: recipe.train.batch_size,
      shuffle: recipe.data.shuffle,
      seed: recipe.seed,
      startStep,
      endStep,
    });
  }

  async #startLoggers(): Promise<void> {
    const { recipe, made: { parts, learner }, directory } = this;
    for (const use of recipe.loggers) {
      const context = { ...pluginContext(use, recipe.seed, this.host), runDirectory: directory.path };
      this.#loggers.push(await use.plugin.create(use.options as never, context));
    }
    const steps = { stepsPerEpoch: this.#stepsPerEpoch, steps: this.#endStep, startStep: this.#startStep };
    const description = describeRun(recipe, parts, learner, directory, steps);
    for (const logger of this.#loggers) await logger.start?.(description);
  }

  async #evaluation(): Promise<RunEvaluation | null> {
    const { parts, learner } = this.made;
    if (learner.evaluators.length === 0) return null;
    const evaluation = new RunEvaluation(
      parts,
      learner,
      this.recipe,
      this.host.signal,
      ({ step, ...found }) => this.#logEvaluation({ step, epoch: step / this.#stepsPerEpoch, ...found }),
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

  #log(step: number, { loss, position: { learningRate: lr } }: TakenStep): void {
    const imagesPerSecond = this.#clock.step();
    const record = { step, epoch: step / this.#stepsPerEpoch, loss, lr, images_per_second: imagesPerSecond };
    const waited = this.#batches!.waited, waitedMs = waited - this.#waitedBefore;
    this.#waitedBefore = waited;
    for (const logger of this.#loggers) logger.step?.(record, { dataWaitSeconds: waitedMs / 1000 });
  }

  #logEvaluation(record: EvaluationRecord): void {
    for (const logger of this.#loggers) logger.evaluation?.(record);
  }

  #isDue(step: number): boolean {
    const { every_steps } = this.recipe.checkpoint;
    return every_steps === null ? this.#endsEpoch(step, 1) : step % every_steps === 0;
  }

  #endsEpoch(step: number, every: number | null): boolean {
    return every !== null && step % (every * this.#stepsPerEpoch) === 0;
  }

  async #checkpoint(step: number): Promise<void> {
    const { directory, recipe } = this, path = directory.checkpointFile(step);
    await saveCheckpoint(path, this.#state, { step, epoch: step / this.#stepsPerEpoch }, this.#origin);
    const steps = await directory.checkpointSteps();
    for (const old of steps.slice(0, -recipe.checkpoint.keep)) {
      await Deno.remove(directory.checkpointFile(old));
    }
  }

  async #finish(): Promise<void> {
    const { made: { parts, learner }, directory, recipe } = this, student = learner.result;
    const metadata = {
      network: student.network,
      input_size: `${parts.augmenters[0].size}`,
      mean: JSON.stringify(student.mean),
      std: JSON.stringify(student.std),
    };
    await saveStudent(directory.file("student.safetensors"), student.parameters, metadata, this.#endStep);
    await writeSummary(directory, recipe, {
      imagesPerSecond: this.#clock.imagesPerSecond,
      waitedMs: this.#batches!.waited,
      skipped: parts.skipped,
    });
    await writeReport(directory, recipe.name);
    for (const logger of this.#loggers) logger.end?.();
  }
}
