/**
 * A loss: the squared distance between the student's embedding and the teacher's, both of length one.
 *
 * ```yaml
 * objective: { plugin: "./my_plugin.ts", scale: 1 }
 * ```
 *
 * @module
 */
import { definePlugin, tf, unitRows, z } from "@seed/core";

/**
 * @param student `[batch, dim]` float32, not normalised.
 * @param teacher `[batch, dim]` float32 unit rows.
 * @returns a scalar: 0 where all are alike, 4 where all are opposite.
 */
export function squaredDistance(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Scalar {
  return tf.mean(tf.sum(tf.squaredDifference(unitRows(student), teacher), 1));
}

export default definePlugin({
  kind: "objective",
  name: "my-plugin", // in messages
  apiVersion: 1,
  about: { summary: "The squared distance to the teacher's embedding" },
  // Every key that a recipe may write beside `plugin`: checked before anything heavy loads.
  options: z.strictObject({ scale: z.number().positive().max(1e3).default(1) }),
  // One view, which student and teacher see; `queue: true` would be for the embeddings of past batches.
  needs: () => ({ teacherViews: [0] }),
  create: ({ scale }) => ({
    // Within the traced step: operations on tensors, no reading of their values.
    loss({ studentEmbeddings: [student], teacherEmbeddings: [teacher] }) {
      const distance = squaredDistance(student, teacher);
      return { loss: tf.mul<tf.Scalar>(distance, scale), metrics: { distance } };
    },
  }),
});
