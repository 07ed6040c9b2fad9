/**
 * BINGO: images that the teacher finds alike form bags, and the student is to find both an image and another of its
 * bag where the teacher has them (Xu et al., ICLR 2022).
 *
 * As the released code, but for its additional loss on views mixed by CutMix, which the paper does not have. That
 * code leaves an image and its neighbour apart for eleven epochs; here they belong together from the first.
 *
 * @module
 */
import {
  definePlugin,
  needsTeacher,
  type Objective,
  type ObjectiveInputs,
  type ObjectiveResult,
  tf,
  z,
} from "@seed/core";
import { infoNce } from "@seed/objective-moco";
import { unitRows } from "@seed/nn";

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

class BingoObjective implements Objective {
  readonly views = 4;
  readonly usesTeacher = true;
  readonly teacherViews = [KEY, NEIGHBOUR_KEY];
  readonly neighbours;
  readonly parameters = [];

  constructor(private readonly options: { temperature: number; bag: number }) {
    this.neighbours = { views: [NEIGHBOUR_QUERY, NEIGHBOUR_KEY], bag: options.bag };
  }

  loss({ views, student, teacher, queue }: ObjectiveInputs): ObjectiveResult {
    const queries = [QUERY, NEIGHBOUR_QUERY].map((view) =>
      unitRows(student.forward(views[view], { training: true }).embedding)
    );
    const keys = teacher.map((rows) => unitRows(rows));
    const loss = bingoLoss(queries, keys, queue.embeddings as tf.Tensor2D, this.options.temperature);
    return { loss, enqueue: keys[0] };
  }

  [Symbol.dispose](): void {}
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
  check: needsTeacher("BINGO"),
  create: (options) => new BingoObjective(options),
});
