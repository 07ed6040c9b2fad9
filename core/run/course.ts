import type { Recipe } from "../recipe/recipe.ts";
import { scheduleOf, type ScheduleOptions } from "../training/schedule.ts";
import { planSteps, type StepPlan } from "../views/sampler.ts";

/** What decides a course beside the recipe. */
export interface CourseOptions {
  /** Images to train on. */
  images: number;
  /** What is shown for images that cannot be read. */
  standIns: { of(image: number): number };
  /** Steps of the whole run at the most; null: as many as the recipe says. */
  maxSteps: number | null;
  /** Of several processes, which takes its slice of each batch; null: one takes all. */
  processes: { rank: number; size: number } | null;
}

/** The steps of a run from its first to its last, and what is due after which. */
export class Course {
  readonly stepsPerEpoch: number;
  readonly endStep: number;
  readonly schedule: ScheduleOptions;
  /** The step after which the teacher sees hardly any new views, if others follow it; null: there is none. */
  readonly lastTaughtStep: number | null;

  constructor(private readonly recipe: Recipe, private readonly options: CourseOptions) {
    const { train } = recipe, { images, maxSteps } = options;
    this.stepsPerEpoch = Math.floor(images / train.batch_size);
    this.endStep = Math.min(maxSteps ?? Infinity, train.epochs * this.stepsPerEpoch);
    this.schedule = scheduleOf(train, this.stepsPerEpoch);
    const taught = (recipe.teacher?.cache?.views ?? Infinity) * this.stepsPerEpoch;
    this.lastTaughtStep = taught < this.endStep ? taught : null;
  }

  /** Which images each step sees. */
  plans(startStep: number, endStep = this.endStep): Iterable<StepPlan> {
    const { train: { batch_size: batchSize }, data: { shuffle }, seed } = this.recipe;
    const { images, standIns, processes } = this.options;
    return planSteps({ images, batchSize, shuffle, seed, startStep, endStep, standIns, processes });
  }

  /** Whether a checkpoint is due after a step. */
  savesAfter(step: number): boolean {
    const { every_steps: every } = this.recipe.checkpoint;
    return step === this.endStep || (every === null ? this.#endsEpoch(step, 1) : step % every === 0);
  }

  /** Whether the student is evaluated after a step. */
  evaluatesAfter(step: number): boolean {
    return step === this.endStep || this.#endsEpoch(step, this.recipe.evaluate.every_epochs);
  }

  /** Whether either is due. */
  pausesAfter(step: number): boolean {
    return this.savesAfter(step) || this.evaluatesAfter(step);
  }

  #endsEpoch(step: number, every: number | null): boolean {
    return every !== null && step % (every * this.stepsPerEpoch) === 0;
  }
}
