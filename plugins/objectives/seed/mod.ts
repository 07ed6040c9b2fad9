/**
 * SEED: self-supervised distillation (Fang et al., ICLR 2021).
 *
 * @module
 */
import {
  definePlugin,
  needsTeacher,
  type Objective,
  type ObjectiveInputs,
  type ObjectiveResult,
  type tf,
  z,
} from "@seed/core";
import { unitRows } from "@seed/nn";
import { seedLoss } from "./seed_loss.ts";

export { seedLoss };

/** Teacher and student see the same view; the queue holds teacher embeddings. */
class SeedObjective implements Objective {
  readonly views = 1;
  readonly usesTeacher = true;
  readonly parameters = [];

  constructor(private readonly temperatures: { tauS: number; tauT: number }) {}

  loss({ views, student, teacher, queue }: ObjectiveInputs): ObjectiveResult {
    const zS = unitRows(student.forward(views[0], { training: true }).embedding);
    const zT = unitRows(teacher[0]);
    return { loss: seedLoss(zS, zT, queue.embeddings as tf.Tensor2D, this.temperatures), enqueue: zT };
  }

  [Symbol.dispose](): void {}
}

export default definePlugin({
  kind: "objective",
  name: "@seed/objective-seed",
  apiVersion: 1,
  about: {
    summary: "SEED: the teacher's distribution of similarities over a queue",
    source: "Fang et al., ICLR 2021",
  },
  options: z.strictObject({
    /** The paper's tau^S. */
    student_temperature: z.number().positive().default(0.2),
    /** The paper's tau^T; towards 0 the target becomes one-hot and the loss InfoNCE with a frozen key. */
    teacher_temperature: z.number().positive().default(0.01),
  }),
  check: needsTeacher("SEED"),
  create: (options) =>
    new SeedObjective({ tauS: options.student_temperature, tauT: options.teacher_temperature }),
});
