/**
 * A loss in one file, outside of SEED: from the student's embedding, a predictor of the loss's own is to tell the
 * teacher's from the queue's. Name it in a recipe: `objective: { plugin: "./my_objective.ts", hidden: 64 }`.
 *
 * @module
 */
import { definePlugin, tf, unitRows, z } from "@seed/core";
import { projectionHead, TrainableParameters } from "@seed/nn";

export default definePlugin({
  kind: "objective",
  name: "my-objective",
  apiVersion: 1,
  about: { summary: "Contrast of a prediction with the teacher's embedding, ever sharper" },
  options: z.strictObject({
    hidden: z.int().positive().default(64),
    /** Temperature of the contrast at the beginning of training and at its end. */
    temperature: z.tuple([z.number().positive(), z.number().positive()]).default([0.2, 0.05]),
  }),
  // One view, which the teacher sees too; the queue holds the teacher's embeddings of past batches.
  needs: () => ({ teacherViews: [0], queue: true }),
  create({ hidden, temperature: [first, last] }, { seed, embeddingDim: dim }) {
    const source = new TrainableParameters(seed);
    const predict = projectionHead(source, "predictor", { inputs: dim, hidden: [hidden], dim });
    return {
      parameters: source.parameters,
      loss({ studentEmbeddings: [embedding], teacherEmbeddings: [target], queue, progress }) {
        const prediction = unitRows(predict(embedding, { training: true }));
        const temperature = tf.add<tf.Scalar>(first, tf.mul(progress.share, last - first));
        const cosine = tf.sum(tf.mul(prediction, target), 1, true);
        const logits = tf.div(tf.concat([cosine, tf.matMul(prediction, queue, false, true)], 1), temperature);
        const loss = tf.neg<tf.Scalar>(tf.mean(tf.slice(tf.logSoftmax(logits), [0, 0], [-1, 1])));
        return { loss, enqueue: target, metrics: { temperature, cosine: tf.mean(cosine) } };
      },
      [Symbol.dispose]: () => source[Symbol.dispose](),
    };
  },
});
