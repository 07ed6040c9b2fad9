/**
 * SimReg: the student's prediction is to point where the teacher's features do (Navaneet et al., BMVC 2021).
 *
 * Published with the teacher's pooled features (`layer: features`) and a deep head on the student that is thrown away
 * after training: a projection and a prediction, each a linear layer to twice the backbone's width, batch norm, ReLU
 * and a linear layer (`get_mlp` of UCDvision/simreg; no activation between the two).
 *
 * @module
 */
import { definePlugin, tf, unitRows, z } from "@seed/core";

/**
 * The squared distance between unit vectors, `2 - 2 cos`.
 *
 * @param p Predictions, `[batch, dim]` float32 unit rows.
 * @param t The teacher's features, `[batch, dim]` float32 unit rows.
 * @returns the mean over the batch, a scalar.
 */
export function simRegLoss(p: tf.Tensor2D, t: tf.Tensor2D): tf.Scalar {
  return tf.mean(tf.sub(2, tf.mul(2, tf.sum(tf.mul(p, t), 1))));
}

export default definePlugin({
  kind: "objective",
  name: "@seed/objective-simreg",
  apiVersion: 1,
  about: { summary: "SimReg: regression of the teacher's direction", source: "Navaneet et al., BMVC 2021" },
  options: z.strictObject({}),
  needs: () => ({ teacherViews: [0] }),
  create: () => ({
    loss({ studentEmbeddings: [embedding], teacherEmbeddings: [t] }) {
      return { loss: simRegLoss(unitRows(embedding), t), floor: 0 };
    },
  }),
});
