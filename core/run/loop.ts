/**
 * The training loop. For SEED it is the paper's algorithm (Fang et al., ICLR 2021, section 3.2):
 *
 * ```text
 * for x in loader:                       a view of each image of a batch   training_batches.ts, of views/sampler.ts
 *   z_T = normalize(teacher(x))          frozen, or from its cache         training_batches.ts
 *   z_S = normalize(student(x))          in training mode                  training/stream_outputs.ts
 *   D+  = [z_T; queue]                   what both are compared with
 *   p_T = softmax(z_T D+ / tau_T)        the teacher's distribution        plugins/objectives/seed/seed_loss.ts
 *   p_S = softmax(z_S D+ / tau_S)        the student's
 *   loss = -mean(sum(p_T log p_S))
 *   student -= lr * d loss / d student   SGD, or another optimizer         training/training_step.ts
 *   queue.enqueue(z_T)                   the oldest rows go                plugins/queues/fifo/mod.ts
 * ```
 *
 * Other objectives put other losses, views and queues in these places. What is written, measured and stopped around
 * the loop is in `distill.ts`.
 *
 * @module
 */
import type { ScheduleOptions } from "../training/schedule.ts";
import { NotFiniteError } from "../training/not_finite.ts";
import { disposeBatch } from "../training/step_batch.ts";
import { positionOf, type StepPosition } from "../training/step_position.ts";
import type { StepResult, StepUnderWay } from "../training/step_under_way.ts";
import type { TrainingStep } from "../training/training_step.ts";
import type { StepPlan } from "../views/sampler.ts";
import type { BatchSource } from "./training_batches.ts";

/** A step that was taken. */
export interface TakenStep extends StepResult {
  /** Where it stood when it began. */
  readonly position: StepPosition;
}

/** A step broke off in its midst, or came out differently in several processes: what it left of the weights is not kept. */
export class BrokenStepError extends Error {
  override name = "BrokenStepError";

  /** @param cause Why. */
  constructor(override readonly cause: unknown) {
    super("A step broke off", { cause });
  }
}

/**
 * Takes the planned steps one by one; whoever asks for the next has done with the last. Where calls are queued a step is
 * told of when the next has begun, so that the devices never wait for it to be read. Whenever steps are left off, all is
 * as after the last that was told of.
 *
 * @throws {NotFiniteError} If a loss or a gradient is not a number; everything is then as it was before that step.
 * @throws {BrokenStepError} If a step fails otherwise. Whatever else is thrown left everything as after the last step.
 */
export async function* takeSteps(
  plans: Iterable<StepPlan>,
  { batches, step, schedule, goesOn, pausesAfter = () => false }: {
    /** Makes views, and the teacher's embeddings of them. */
    batches: BatchSource;
    /** The student's step: forward, loss, gradient, update, enqueue. */
    step: TrainingStep;
    schedule: ScheduleOptions;
    /** Of several processes: asked before each step, which all of them take or none. Default: it is taken. */
    goesOn?: () => Promise<boolean>;
    /** After which steps somebody looks at what was trained: no other may have begun then. Default: after none. */
    pausesAfter?: (step: number) => boolean;
  },
): AsyncGenerator<TakenStep> {
  using begun = new BegunSteps();
  for await (const { plan, batch } of batches.deliver(plans, () => begun.ended)) {
    const position = positionOf(plan.step, schedule);
    try {
      if (goesOn && !await goesOn()) return;
      begun.add(position, await unbroken(step.begin(batch, position)));
    } finally {
      disposeBatch(batch); // now: while the next step is prepared two batches would lie in memory
    }
    yield* begun.results(step.isQueued && !pausesAfter(plan.step + 1) ? 1 : 0);
  }
  yield* begun.results(0);
}

/** Steps whose results were not told yet, in their order. */
class BegunSteps implements Disposable {
  readonly #steps: { position: StepPosition; underWay: StepUnderWay }[] = [];

  /** Resolves when the devices are done with all of them. */
  get ended(): Promise<void> {
    return this.#steps.at(-1)?.underWay.ended ?? Promise.resolve();
  }

  add(position: StepPosition, underWay: StepUnderWay): void {
    this.#steps.push({ position, underWay });
  }

  /** Tells of all but the newest `left`. */
  async *results(left: number): AsyncGenerator<TakenStep> {
    while (this.#steps.length > left) {
      const { position, underWay } = this.#steps[0], result = await unbroken(underWay.result());
      this.#steps.shift();
      underWay[Symbol.dispose]();
      yield { ...result, position };
    }
  }

  /** Takes back those that were not told of, the newest first. */
  [Symbol.dispose](): void {
    for (const { underWay } of this.#steps.splice(0).reverse()) underWay[Symbol.dispose]();
  }
}

async function unbroken<T>(part: Promise<T>): Promise<T> {
  try {
    return await part;
  } catch (error) {
    throw error instanceof NotFiniteError ? error : new BrokenStepError(error);
  }
}
