/**
 * CosPress: a linear map first squeezes the teacher's space to the width of the student's features so that cosines are
 * kept; then the student's features are to point where the mapped embeddings do (Mannix et al., TMLR 2025).
 *
 * The student learns without a head, so a recipe freezes it: `train.freeze: [head]`. The released code learns the map
 * beside the student, from its batches, and maps patches too; here it is fitted before the first step, to embeddings
 * of unaugmented images.
 *
 * @module
 */
import { definePlugin, type Parameter, tf, unitRows, z } from "@seed/core";
import { constant, TrainableParameters } from "@seed/nn";
import { anglesLoss } from "./angles_loss.ts";
import { fitMap } from "./fit_map.ts";

export { anglesLoss, fitMap };

/**
 * The distance of directions, `1 - cos`.
 *
 * @param student Its features, `[batch, dim]` float32.
 * @param target Mapped embeddings of the teacher's of the same views, `[batch, dim]` float32.
 * @returns the mean over the batch, a scalar.
 */
export function cosineLoss(student: tf.Tensor2D, target: tf.Tensor2D): tf.Scalar {
  return tf.sub(1, tf.mean(tf.sum(tf.mul(unitRows(student), unitRows(target)), 1)));
}

/** The released code's. */
const TEMPERATURES = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1];
/**
 * Arrays `[batch, batch]` that the fit keeps for a temperature's gradient: its distributions there and back, their two
 * exponentials, the sum of these, and the teacher's probabilities. Engines were seen to hold seven to nine.
 */
const KEPT = 6;
const temperature = z.number().positive().max(1e6);

export default definePlugin({
  kind: "objective",
  name: "@seed/objective-cospress",
  apiVersion: 1,
  about: {
    summary: "CosPress: regression of the teacher's embedding through a map that keeps cosines, fitted first",
    source: "Mannix et al., TMLR 2025",
  },
  options: z.strictObject({
    /** Of the distributions that the map is to keep. */
    temperatures: z.array(temperature).min(1).max(100).default(TEMPERATURES),
    /** How many training images the map is fitted to, in batches of so many, for so many steps of Adam. */
    images: z.int().min(2).max(1_000_000).default(16_384),
    batch: z.int().min(2).max(16_384).default(256),
    steps: z.int().positive().max(1_000_000).default(2000),
    lr: z.number().positive().max(1).default(0.001),
  }),
  needs: ({ images }) => ({ teacherViews: [0], embeddings: false, fit: { images } }),
  arrays({ batch, images, temperatures }) {
    const size = Math.min(batch, images);
    return [{ key: "batch", shape: [size, size], copies: KEPT * temperatures.length }];
  },
  create(options, { engine, seed, teacherDim, featureDim }) {
    const source = new TrainableParameters(seed), shape = [teacherDim!, featureDim];
    // Zero until it is fitted, or a checkpoint has it.
    const map = source.get("map.weight", "linear", shape, constant(0), false);
    const [parameter] = source.parameters as Parameter[];
    return {
      parameters: [parameter],
      fit: (inputs) => fitMap(parameter, inputs, { ...options, engine, seed }),
      loss({ studentFeatures: [features], teacherEmbeddings: [embedding] }) {
        return { loss: cosineLoss(features, tf.matMul(embedding, map as tf.Tensor2D)), floor: 0 };
      },
      [Symbol.dispose]: () => source[Symbol.dispose](),
    };
  },
});
