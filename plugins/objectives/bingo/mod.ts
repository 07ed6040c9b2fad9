/**
 * BINGO: images that the teacher finds alike form bags, and the student is to find both an image and another of its
 * bag where the teacher has them (Xu et al., ICLR 2022).
 *
 * As the released code, but for its additional loss on views mixed by CutMix, which the paper does not have. That
 * code leaves an image and its neighbour apart for eleven epochs; here they belong together from the first.
 *
 * @module
 */
import { definePlugin, tf, unitRows, z } from "@seed/core";
import { infoNce } from "@seed/objective-moco";

/** Numbers of the views: two of the image, two of an image from its bag; the student sees the first of each two. */
const QUERY = 0, KEY = 1, NEIGHBOUR_QUERY = 2, NEIGHBOUR_KEY = 3;

/**
 * Aggregation within a sample and between the samples of a bag (section 3.2): each of the student's two views against
 * each of the teacher's two.
 *
 * @param queries Student embeddings of the image and of its neighbour, `[batch, dim]` float32 unit rows each.
 * @param keys Teacher embeddings of other views of the two, `[batch, dim]` float32 unit rows each.
 * @param D The queue of earlier keys, `[size, dim]` float32 unit rows.
 * @returns the mean over the four pairs and the batch, a scalar.
 */
export function bingoLoss(
  queries: readonly tf.Tensor2D[],
  keys: readonly tf.Tensor2D[],
  D: tf.Tensor2D,
  temperature: number,
): tf.Scalar {
  const losses = queries.flatMap((q) => keys.map((k) => infoNce(q, k, D, temperature)));
  return tf.div(tf.addN(losses), losses.length);
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
    temperature: z.number().positive().default(0.2),
    /** Images of a bag, without the image itself. */
    bag: z.int().positive().default(5),
  }),
  needs: ({ bag }) => ({
    views: 4,
    studentViews: [QUERY, NEIGHBOUR_QUERY],
    teacherViews: [KEY, NEIGHBOUR_KEY],
    neighbours: { views: [NEIGHBOUR_QUERY, NEIGHBOUR_KEY], bag },
    queue: true,
  }),
  create: ({ temperature }) => ({
    loss({ studentEmbeddings, teacherEmbeddings: keys, queue: D }) {
      const queries = studentEmbeddings.map((z) => unitRows(z));
      return { loss: bingoLoss(queries, keys, D, temperature), enqueue: keys[0] };
    },
  }),
});
