import { tf } from "@seed/core";

/**
 * SEED's loss (Fang et al., ICLR 2021, equations 1 to 4): cross-entropy between the teacher's and the student's
 * distributions of similarity over the queue D and the image's own teacher embedding, D+ = [z_T; d_1 ... d_K].
 *
 * All in fp32 whatever the networks' precision: at a teacher temperature of 1e-4 a cosine's rounding to bf16
 * would move a logit by 40.
 *
 * @param zS Student embeddings z_S, `[batch, dim]` float32 unit rows.
 * @param zT Teacher embeddings z_T of the same views, `[batch, dim]` float32 unit rows.
 * @param D The queue before this batch enters it, `[size, dim]` float32 unit rows.
 * @param tauS Temperature of the student's distribution.
 * @param tauT Temperature of the teacher's.
 * @returns the mean over the batch, a scalar.
 */
export function seedLoss(
  zS: tf.Tensor2D,
  zT: tf.Tensor2D,
  D: tf.Tensor2D,
  taus: { tauS: number; tauT: number },
): tf.Scalar {
  return seedLossAndEntropy(zS, zT, D, taus).loss;
}

/** The same, beside the mean entropy of the teacher's distributions, in nats: no student's loss is below it. */
export function seedLossAndEntropy(
  zS: tf.Tensor2D,
  zT: tf.Tensor2D,
  D: tf.Tensor2D,
  { tauS, tauT }: { tauS: number; tauT: number },
): { loss: tf.Scalar; entropy: tf.Scalar } {
  const similarities = (z: tf.Tensor2D) =>
    tf.concat([tf.sum(tf.mul(z, zT), 1, true), tf.matMul(z, D, false, true)], 1);
  const logitsT = tf.div(similarities(zT), tauT), pT = tf.softmax(logitsT);
  const logPS = tf.logSoftmax(tf.div(similarities(zS), tauS));
  const crossEntropy = (logP: tf.Tensor): tf.Scalar => tf.neg(tf.mean(tf.sum(tf.mul(pT, logP), 1)));
  return { loss: crossEntropy(logPS), entropy: crossEntropy(tf.logSoftmax(logitsT)) };
}
