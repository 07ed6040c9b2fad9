/**
 * DisCo's distillation: both views' embeddings are to be the teacher's (Gao et al., ECCV 2022). The method adds
 * MoCo's loss on the same two views: a recipe sums the two objectives.
 *
 * The published code takes the sum over the images of one of its eight processes where this takes the mean: a
 * `weight` of that many images (32, for batches of 256) is its balance.
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
import { checkSplits, embeddingsInParts, unitRows } from "@seed/nn";

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

class DiscoObjective implements Objective {
  readonly views = 2;
  readonly usesTeacher = true;
  readonly usesQueue = false;
  readonly parameters = [];

  constructor(private readonly splits: number) {}

  loss({ views, student, teacher }: ObjectiveInputs): ObjectiveResult {
    const [first, second] = views.map((images, i) =>
      discoLoss(unitRows(embeddingsInParts(student, images, this.splits)), unitRows(teacher[i]))
    );
    return { loss: tf.add(first, second), enqueue: null };
  }

  [Symbol.dispose](): void {}
}

export default definePlugin({
  kind: "objective",
  name: "@seed/objective-disco",
  apiVersion: 1,
  about: {
    summary: "DisCo: regression of two views' embeddings, to be summed with MoCo",
    source: "Gao et al., ECCV 2022",
  },
  options: z.strictObject({
    /** Parts of a batch whose batch norms are apart; MoCo's, so that both learn from the same passes. */
    bn_splits: z.int().positive().default(1),
  }),
  check: (options, recipe) => [...needsTeacher("DisCo")(options, recipe), ...checkSplits(options, recipe)],
  create: ({ bn_splits }) => new DiscoObjective(bn_splits),
});
