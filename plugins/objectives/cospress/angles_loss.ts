import { tf, unitRows } from "@seed/core";

/** What is taken from a row's similarity to itself, so that it counts for nothing. */
const LARGE = 1e8;

/**
 * How much a map changes the angles among images (Mannix et al., TMLR 2025, section 3): the divergence KL(p || q) of the
 * joint distributions of similarity over all pairs, as in t-SNE with a von Mises-Fisher kernel, in the mean over
 * temperatures.
 *
 * @param mapped What the map makes of them, `[images, dim]` float32.
 * @param embeddings The teacher's, `[images, teacherDim]` float32. Neither has to be normalised.
 */
export function anglesLoss(
  mapped: tf.Tensor2D,
  embeddings: tf.Tensor2D,
  temperatures: readonly number[],
): tf.Scalar {
  const [cosQ, cosP] = [mapped, embeddings].map(cosines);
  const losses = temperatures.map((T) => {
    const logQ = logJoint(cosQ, T), logP = logJoint(cosP, T);
    return tf.sum(tf.mul(tf.exp(logP), tf.sub(logP, logQ)));
  });
  return tf.div(losses.reduce((sum, loss) => tf.add(sum, loss)), temperatures.length);
}

/** `[images, images]`, of an image with itself none. */
function cosines(rows: tf.Tensor2D): tf.Tensor2D {
  const z = unitRows(rows);
  return tf.sub(tf.matMul(z, z, false, true), tf.mul(tf.eye(rows.shape[0]), LARGE));
}

/** Logarithm of the mean of both directions' distributions, over all pairs. */
function logJoint(cosines: tf.Tensor2D, T: number): tf.Tensor2D {
  const [images] = cosines.shape, there = tf.logSoftmax(tf.div(cosines, T)), back = tf.transpose(there);
  const larger = tf.maximum(there, back);
  const sum = tf.add(larger, tf.log(tf.add(tf.exp(tf.sub(there, larger)), tf.exp(tf.sub(back, larger)))));
  return tf.sub(sum, Math.log(2 * images));
}
