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
import type { StepResult, TrainingStep } from "../training/training_step.ts";
import type { StepPlan } from "../views/sampler.ts";
import type { TrainingBatches } from "./training_batches.ts";

/** A step that was taken. */
export interface TakenStep extends StepResult {
  /** Where it stood when it began. */
  readonly position: StepPosition;
}

/** A step broke off in its midst: it may have changed a part of the weights. */
export class BrokenStepError extends Error {
  override name = "BrokenStepError";

  /** @param cause Why. */
  constructor(override readonly cause: unknown) {
    super("A step broke off", { cause });
  }
}

/**
 * Takes the planned steps one by one; whoever asks for the next has done with the last.
 *
 * @throws {NotFiniteError} If a loss or a gradient is not a number; everything is then as it was before that step.
 * @throws {BrokenStepError} If a step fails otherwise. Whatever else is thrown left everything as after the last step.
 */
export async function* takeSteps(
  plans: Iterable<StepPlan>,
  { batches, step, schedule, goesOn }: {
    /** Makes views, and the teacher's embeddings of them. */
    batches: TrainingBatches;
    /** The student's step: forward, loss, gradient, update, enqueue. */
    step: TrainingStep;
    schedule: ScheduleOptions;
    /** Of several processes: asked before each step, which all of them take or none. Default: it is taken. */
    goesOn?: () => Promise<boolean>;
  },
): AsyncGenerator<TakenStep> {
  for await (const { plan, batch } of batches.deliver(plans)) {
    const position = positionOf(plan.step, schedule);
    let result: StepResult;
    try {
      if (goesOn && !await goesOn()) return;
      result = await step.run(batch, position).catch((error) => {
        throw error instanceof NotFiniteError ? error : new BrokenStepError(error);
      });
    } finally {
      disposeBatch(batch); // now: while the next step is prepared two batches would lie in memory
    }
    yield { ...result, position };
  }
}
