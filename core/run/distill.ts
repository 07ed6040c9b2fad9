/**
 * A run from its recipe to its student: the loop of `loop.ts`, and what is written, measured and stopped around it.
 *
 * @module
 */
import { RunError } from "../errors.ts";
import type { Host } from "../interfaces/host.ts";
import { Learner } from "../parts/learner.ts";
import { createProcessParts, type ProcessParts } from "../parts/process_parts.ts";
import type { Recipe } from "../recipe/load_recipe.ts";
import { stateOf } from "../training/loss_terms.ts";
import { NotFiniteError } from "../training/not_finite.ts";
import { scheduleOf, type ScheduleOptions } from "../training/schedule.ts";
import { planSteps, type StepPlan } from "../views/sampler.ts";
import { saveStudent } from "./checkpoint.ts";
import { Checkpoints } from "./checkpoints.ts";
import { Clock } from "./clock.ts";
import { type TakenStep, takeSteps } from "./loop.ts";
import { Messages } from "./messages.ts";
import { openRecorder, type Recorder } from "./recorder.ts";
import { writeReport } from "./report.ts";
import { RunDirectory } from "./run_directory.ts";
import { RunEvaluation } from "./run_evaluation.ts";
import { describeRun, runFacts, writeSummary } from "./run_record.ts";
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
export async function distill(recipe: Recipe, options: DistillOptions, outer: Host): Promise<DistillResult> {
  const messages = new Messages(outer), { host } = messages;
  await using directory = options.resume
    ? await RunDirectory.open(recipe.name, options.out)
    : await RunDirectory.create(recipe.name, options.out);
  await using parts = await createProcessParts(recipe, host);
  using learner = await Learner.create(recipe, parts, host);
  const run = new Run(recipe, { directory, parts, learner, host }, options.maxSteps);
  if (options.resume) await run.resume();
  else await run.begin();
  await using recorder = await run.openRecorder();
  messages.goTo(recorder.loggers);
  try {
    return { directory: directory.path, finished: await run.train(recorder) };
  } finally {
    messages.goTo([]);
  }
}

/** What a run works with. */
interface Made {
  directory: RunDirectory;
  parts: ProcessParts;
  learner: Learner;
  host: Host;
}

/** A run under way. */
class Run {
  readonly #clock: Clock;
  readonly #checkpoints: Checkpoints;
  readonly #schedule: ScheduleOptions;
  readonly #stepsPerEpoch: number;
  readonly #endStep: number;
  readonly #facts: Record<string, unknown>;
  #startStep = 0;
  /** Steps that the weights have seen. */
  #done = 0;

  constructor(private readonly recipe: Recipe, private readonly made: Made, maxSteps: number | null) {
    const { train, seed, checkpoint: { keep } } = recipe, { directory, parts, learner } = made;
    const { student, average, terms, step } = learner;
    this.#clock = new Clock(train.batch_size);
    this.#stepsPerEpoch = Math.floor(parts.data.train.length / train.batch_size);
    this.#endStep = Math.min(maxSteps ?? Infinity, train.epochs * this.#stepsPerEpoch);
    this.#schedule = scheduleOf(train, this.#stepsPerEpoch);
    this.#facts = runFacts(recipe, parts, learner);
    const state = {
      student: student.parameters,
      more: [...step.optimizer.state, ...stateOf(terms), ...average?.parameters ?? []],
      queues: terms.flatMap(({ queue, queueName: name }) => queue ? [{ name, queue }] : []),
    };
    const origin = { seed, teacher: parts.teacher?.weights?.sha256 ?? null };
    this.#checkpoints = new Checkpoints(directory, state, {
      origin,
      stepsPerEpoch: this.#stepsPerEpoch,
      keep,
    });
  }

  /** Makes the folder a run's. */
  async begin(): Promise<void> {
    await this.made.directory.begin(this.recipe.resolved);
    await this.made.directory.writeJson("facts", this.#facts);
  }

  /** Goes on from the newest checkpoint. */
  async resume(): Promise<void> {
    this.#startStep = this.#done = await this.#checkpoints.resume();
  }

  async openRecorder(): Promise<Recorder> {
    const { recipe, made: { parts, learner, directory, host } } = this;
    const steps = { stepsPerEpoch: this.#stepsPerEpoch, steps: this.#endStep, startStep: this.#startStep };
    const description = describeRun(recipe, { parts, learner, directory, facts: this.#facts }, steps);
    return await openRecorder(recipe, directory, description, host);
  }

  /** Returns whether it came to its end; if it was interrupted, a checkpoint of the last step is there. */
  async train(recorder: Recorder): Promise<boolean> {
    try {
      using batches = await TrainingBatches.open(this.made.parts, this.recipe, this.made.host);
      await this.#train(batches, recorder);
      await this.#finish(batches);
    } catch (error) {
      const { signal } = this.made.host;
      if (error instanceof NotFiniteError) throw await this.#wentWrong(error);
      if (!signal.aborted || error !== signal.reason) throw error;
      await this.#checkpoints.save(this.#done);
      return false;
    }
    await recorder.end();
    return true;
  }

  /**
   * A step's checkpoint is written before its evaluation: wherever the run is cut off, what a resume does anew is
   * all that was not done.
   */
  async #train(batches: TrainingBatches, recorder: Recorder): Promise<void> {
    const { made: { learner: { step }, host } } = this;
    using evaluation = await this.#evaluation(recorder);
    await batches.recall(this.#plans(0, this.#startStep));
    if (this.#startStep === 0) await this.#checkpoints.save(0);
    await this.#evaluate(evaluation, this.#startStep);
    this.#clock.resume();
    const plans = this.#plans(this.#startStep, this.#endStep);
    let waited = 0;
    for await (const taken of takeSteps(plans, { batches, step, schedule: this.#schedule })) {
      const done = ++this.#done;
      this.#record(recorder, taken, batches.waited - waited);
      waited = batches.waited;
      if (done < this.#endStep) host.signal.throwIfAborted();
      if (this.#isDue(done) || done === this.#endStep) await this.#checkpoints.save(done);
      await this.#evaluate(evaluation, done);
      this.#clock.resume(); // neither a checkpoint nor an evaluation is the step's time
    }
  }

  #record(recorder: Recorder, taken: TakenStep, waitedMs: number): void {
    const measured = { stepsPerEpoch: this.#stepsPerEpoch, imagesPerSecond: this.#clock.step() };
    recorder.step(stepRecord(taken, measured), { dataWaitSeconds: waitedMs / 1000 });
  }

  /** If a step goes wrong there is a checkpoint of the state before it. */
  async #wentWrong(error: NotFiniteError): Promise<RunError> {
    await this.#checkpoints.save(this.#done);
    return new RunError(
      `Step ${this.#done + 1} went wrong: ${error.message}. The state before it is in ` +
        `"${this.#checkpoints.fileOf(this.#done)}"; lower train.lr or set train.clip_grad_norm, and resume`,
    );
  }

  #plans(startStep: number, endStep: number): Iterable<StepPlan> {
    const { made: { parts: { data } }, recipe: { train, data: { shuffle }, seed } } = this;
    const images = data.train.length, batchSize = train.batch_size;
    return planSteps({ images, batchSize, shuffle, seed, startStep, endStep });
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

  async #finish({ waited }: TrainingBatches): Promise<void> {
    const { made: { parts, learner, directory }, recipe } = this, student = learner.result;
    const metadata = {
      network: student.network,
      input_size: `${parts.augmenters[0].size}`,
      mean: JSON.stringify(student.mean),
      std: JSON.stringify(student.std),
    };
    await saveStudent(directory.file("student"), student.parameters, metadata, this.#endStep);
    const { imagesPerSecond } = this.#clock;
    await writeSummary(directory, recipe, { imagesPerSecond, waitedMs: waited, skipped: parts.skipped });
    await writeReport(directory, recipe.name);
  }
}
