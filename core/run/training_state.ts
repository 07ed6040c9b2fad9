import type { Learner } from "../parts/learner.ts";
import { stateOf } from "../training/loss_terms.ts";
import type { TrainingState } from "./checkpoint.ts";

/** All that training changes of a student and of what it learns by: what checkpoints hold, and processes share. */
export function trainingStateOf(
  { student, average, terms, step }: Pick<Learner, "student" | "average" | "terms" | "step">,
): TrainingState {
  return {
    student: student.parameters,
    more: [...step.optimizer.state, ...stateOf(terms), ...average?.parameters ?? []],
    queues: terms.flatMap(({ queue, queueName: name }) => queue ? [{ name, queue }] : []),
  };
}
