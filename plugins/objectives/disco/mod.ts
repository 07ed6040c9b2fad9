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
import { unitRows } from "@seed/nn";

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

  loss({ views, student, teacher }: ObjectiveInputs): ObjectiveResult {
    const [first, second] = views.map((images, i) =>
      discoLoss(unitRows(student.forward(images, { training: true }).embedding), unitRows(teacher[i]))
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
  options: z.strictObject({}),
  check: needsTeacher("DisCo"),
  create: () => new DiscoObjective(),
});
