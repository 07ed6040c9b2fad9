/**
 * CompRess with one queue: the student's similarities to the teacher's past embeddings are to be distributed as the
 * teacher's own (Koohpayegani et al., NeurIPS 2020).
 *
 * Published with the teacher's pooled features (`layer: features`) and a linear head on the student.
 *
 * @module
 */
import { definePlugin, tf, unitRows, z } from "@seed/core";

/**
 * The divergence KL(p || q) of the distributions of similarity over the queue. An image's own embedding is none of
 * its entries, unlike in SEED.
 *
 * @param zS Student embeddings, `[batch, dim]` float32 unit rows.
 * @param zT Teacher embeddings of the same views, `[batch, dim]` float32 unit rows.
 * @param D The queue of earlier teacher embeddings, `[size, dim]` float32 unit rows.
 * @param T Temperature of both distributions.
 * @returns the mean over the batch, a scalar.
 */
export function compressLoss(zS: tf.Tensor2D, zT: tf.Tensor2D, D: tf.Tensor2D, T: number): tf.Scalar {
  return compressLossAndUniform(zS, zT, D, T).loss;
}

/**
 * The same, beside the divergence from a student that finds all of the queue equally alike: `ln K` less the entropy of
 * `p`, in the mean over the batch.
 */
export function compressLossAndUniform(
  zS: tf.Tensor2D,
  zT: tf.Tensor2D,
  D: tf.Tensor2D,
  T: number,
): { loss: tf.Scalar; uniform: tf.Scalar } {
  const logDistribution = (z: tf.Tensor2D) => tf.logSoftmax(tf.div(tf.matMul(z, D, false, true), T));
  const logP = logDistribution(zT), logQ = logDistribution(zS), p = tf.exp(logP);
  const mean = (terms: tf.Tensor): tf.Scalar => tf.mean(tf.sum(tf.mul(p, terms), 1));
  return { loss: mean(tf.sub(logP, logQ)), uniform: tf.add(mean(logP), Math.log(D.shape[0])) };
}

export default definePlugin({
  kind: "objective",
  name: "@seed/objective-compress",
  apiVersion: 1,
  about: {
    summary: "CompRess, one queue: the teacher's similarities to past images",
    source: "Koohpayegani et al., NeurIPS 2020",
  },
  options: z.strictObject({ temperature: z.number().positive().max(1e6).default(0.04) }),
  needs: () => ({ teacherViews: [0], queue: true }),
  create: ({ temperature }) => ({
    loss({ studentEmbeddings: [embedding], teacherEmbeddings: [zT], queue: D }) {
      return { ...compressLossAndUniform(unitRows(embedding), zT, D, temperature), floor: 0, enqueue: zT };
    },
  }),
});
