/**
 * The token term of LightlyTrain's third distillation: in an image each place is to be as similar to its other places
 * as the teacher finds it (lightly-ai/lightly-train, `distillationv3`, 2026). It is added to a term on whole images,
 * such as SEED's: a recipe sums the two objectives.
 *
 * The student's map goes through a linear head to the teacher's width, then to the teacher's grid.
 *
 * @module
 */
import { definePlugin, tf, unitRows, z } from "@seed/core";
import { normal, TrainableParameters, uniformFanIn } from "@seed/nn";
import { resampled } from "./resampled.ts";

export { resampled };

/**
 * The divergence KL(p || q) of each place's distributions of similarity over the places of its image, itself among
 * them.
 *
 * @param student `[batch, rows, columns, dim]` float32, on the teacher's grid.
 * @param teacher `[batch, rows, columns, teacherDim]` float32. Neither has to be normalised.
 * @param T Temperature of both distributions.
 * @returns the mean over all places of all images, a scalar.
 */
export function tokenLoss(student: tf.Tensor4D, teacher: tf.Tensor4D, T: number): tf.Scalar {
  const [logQ, logP] = [student, teacher].map((map) => {
    const [batch, rows, columns, dim] = map.shape, places = rows * columns;
    const z = tf.reshape(unitRows(tf.reshape(map, [batch * places, dim])), [batch, places, dim]);
    const similarities = tf.matMul(z as tf.Tensor3D, z as tf.Tensor3D, false, true);
    return tf.logSoftmax(tf.reshape(tf.div(similarities, T), [batch * places, places]));
  });
  return tf.mean(tf.sum(tf.mul(tf.exp(logP), tf.sub(logP, logQ)), 1));
}

/** Begins as LightlyTrain's. Its bias is not zero: where all of a map's channels are, nothing has a direction else. */
function headOf(source: TrainableParameters, { inputs, outputs }: { inputs: number; outputs: number }) {
  const weight = source.get("token_head.weight", "linear", [inputs, outputs], normal(0.02));
  const bias = source.get("token_head.bias", "vector", [outputs], uniformFanIn(inputs));
  return (rows: tf.Tensor2D) => tf.add(tf.matMul(rows, weight as tf.Tensor), bias) as tf.Tensor2D;
}

export default definePlugin({
  kind: "objective",
  name: "@seed/objective-token",
  apiVersion: 1,
  about: {
    summary: "LightlyTrain v3's token term: the teacher's similarities among the places of an image",
    source: "https://github.com/lightly-ai/lightly-train, distillationv3",
  },
  options: z.strictObject({ temperature: z.number().positive().max(1e6).default(0.07) }),
  needs: () => ({ teacherViews: [0], embeddings: false, maps: true }),
  create({ temperature }, { seed, studentMapDim, teacherMapDim }) {
    const source = new TrainableParameters(seed);
    const head = headOf(source, { inputs: studentMapDim!, outputs: teacherMapDim! });
    return {
      parameters: source.parameters,
      loss({ studentMaps: [map], teacherMaps: [target] }) {
        const [batch, rows, columns, dim] = map.shape;
        const tokens = head(tf.reshape(map, [batch * rows * columns, dim]));
        const student = tf.reshape(tokens, [batch, rows, columns, teacherMapDim!]) as tf.Tensor4D;
        const onGrid = resampled(student, target.shape[1], target.shape[2]);
        return { loss: tokenLoss(onGrid, target, temperature), floor: 0 };
      },
      [Symbol.dispose]: () => source[Symbol.dispose](),
    };
  },
});
