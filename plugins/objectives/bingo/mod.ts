/**
 * BINGO: images that the teacher finds alike form bags, and the student is to find both an image and another of its
 * bag where the teacher has them (Xu et al., ICLR 2022).
 *
 * As the released code, but for its additional loss on views mixed by CutMix, which the paper does not have.
 *
 * @module
 */
import { definePlugin, tf, unitRows, z } from "@seed/core";
import { infoNce } from "@seed/objective-moco";

/** Numbers of the views: two of the image, two of an image from its bag; the student sees the first of each two. */
const QUERY = 0, KEY = 1, NEIGHBOUR_QUERY = 2, NEIGHBOUR_KEY = 3;

/**
 * Aggregation within a sample and between the samples of a bag (section 3.2): each of the student's two views against
 * each of the teacher's two, a half each. Apart, each goes against its own image's alone.
 *
 * @param queries Student embeddings of the image and of its neighbour, `[batch, dim]` float32 unit rows each.
 * @param keys Teacher embeddings of other views of the two, `[batch, dim]` float32 unit rows each.
 * @param D The queue of earlier keys, `[size, dim]` float32 unit rows.
 * @param together A scalar: 1, or 0 while the two images are apart.
 * @returns the mean over the two views and the batch, a scalar.
 */
export function bingoLoss(
  queries: readonly tf.Tensor2D[],
  keys: readonly tf.Tensor2D[],
  D: tf.Tensor2D,
  temperature: number,
  together: tf.Scalar | number = 1,
): tf.Scalar {
  const others = tf.div(together, 2), own = tf.sub(1, others);
  const losses = queries.flatMap((q, i) =>
    keys.map((k, j) => tf.mul(infoNce(q, k, D, temperature), i === j ? own : others))
  );
  return tf.div(losses.reduce((sum, loss) => tf.add(sum, loss)), queries.length);
}

export default definePlugin({
  kind: "objective",
  name: "@seed/objective-bingo",
  apiVersion: 1,
  about: {
    summary: "BINGO: contrast that draws an image and its teacher's neighbours together",
    source: "Xu et al., ICLR 2022",
  },
  options: z.strictObject({
    temperature: z.number().positive().max(1e6).default(0.2),
    /** Images of a bag, without the image itself. */
    bag: z.int().positive().max(1000).default(5),
    /** Epochs before an image and its neighbour belong together; the released code's 11. */
    apart_epochs: z.int().min(0).max(100_000).default(11),
  }),
  needs: ({ bag }) => ({
    views: 4,
    studentViews: [QUERY, NEIGHBOUR_QUERY],
    teacherViews: [KEY, NEIGHBOUR_KEY],
    neighbours: { views: [NEIGHBOUR_QUERY, NEIGHBOUR_KEY], bag },
    queue: true,
  }),
  create: ({ temperature, apart_epochs: apart }) => ({
    loss({ studentEmbeddings, teacherEmbeddings: keys, queue: D, progress: { epoch } }) {
      const queries = studentEmbeddings.map((z) => unitRows(z));
      const together = tf.cast(tf.greaterEqual(epoch, apart), "float32") as tf.Scalar;
      return {
        loss: bingoLoss(queries, keys, D, temperature, together),
        floor: 0, // the targets are one-hot
        uniform: Math.log(D.shape[0] + 1),
        enqueue: keys[0],
      };
    },
  }),
});
