/**
 * SEED: self-supervised distillation (Fang et al., ICLR 2021).
 *
 * @module
 */
import { definePlugin, unitRows, z } from "@seed/core";
import { seedLoss, seedLossAndEntropy } from "./seed_loss.ts";

export { seedLoss, seedLossAndEntropy };

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
    student_temperature: z.number().positive().max(1e6).default(0.2),
    /** The paper's tau^T; towards 0 the target becomes one-hot and the loss InfoNCE with a frozen key. */
    teacher_temperature: z.number().positive().max(1e6).default(0.01),
  }),
  // Teacher and student see the same view; the queue holds teacher embeddings.
  needs: () => ({ teacherViews: [0], queue: true }),
  create: ({ student_temperature: tauS, teacher_temperature: tauT }) => ({
    loss({ studentEmbeddings: [embedding], teacherEmbeddings: [zT], queue: D }) {
      const { loss, entropy } = seedLossAndEntropy(unitRows(embedding), zT, D, { tauS, tauT });
      return { loss, floor: entropy, uniform: Math.log(D.shape[0] + 1), enqueue: zT };
    },
  }),
});
