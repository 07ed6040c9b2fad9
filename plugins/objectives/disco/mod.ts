/**
 * DisCo's distillation: both views' embeddings are to be the teacher's (Gao et al., ECCV 2022). The method adds
 * MoCo's loss on the same two views: a recipe sums the two objectives.
 *
 * The published code takes the sum over the images of one of its eight processes where this takes the mean: a
 * `weight` of that many images (32, for batches of 256) is its balance.
 *
 * @module
 */
import { definePlugin, tf, unitRows, z } from "@seed/core";

/**
 * The squared distance of the student's embeddings from the teacher's.
 *
 * @param zS Student embeddings of one view, `[batch, dim]` float32 unit rows.
 * @param zT Teacher embeddings of the same view, `[batch, dim]` float32 unit rows.
 * @returns the mean over the batch, a scalar.
 */
export function discoLoss(zS: tf.Tensor2D, zT: tf.Tensor2D): tf.Scalar {
  return tf.mean(tf.sum(tf.squaredDifference(zS, zT), 1));
}

export default definePlugin({
  kind: "objective",
  name: "@seed/objective-disco",
  apiVersion: 1,
  about: {
    summary: "DisCo: regression of two views' embeddings, to be summed with MoCo",
    source: "Gao et al., ECCV 2022",
  },
  options: z.strictObject({}),
  needs: () => ({ views: 2, teacherViews: [0, 1] }),
  create: () => ({
    loss({ studentEmbeddings, teacherEmbeddings }) {
      const [first, second] = studentEmbeddings.map((z, view) =>
        discoLoss(unitRows(z), teacherEmbeddings[view])
      );
      return { loss: tf.add(first, second), floor: 0 };
    },
  }),
});
