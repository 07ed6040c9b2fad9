/**
 * A teacher for tests whose rows depend in their last bits on the rest of the batch, as those of a matrix product
 * that is cut into tiles do: embedded in another batch, the same view gives another embedding. With the variable
 * SEED_TEST_NO_TEACHER it refuses to embed.
 *
 * @module
 */
import { definePlugin, RunError, tf, z } from "@seed/core";

export default definePlugin({
  kind: "teacher",
  name: "batch-dependent-teacher",
  apiVersion: 1,
  about: { summary: "Mean colours of the four quarters, a little like those of the rest of the batch" },
  options: z.strictObject({}),
  create: () => ({
    embeddingDim: 12,
    inputSize: null,
    weights: null,
    // deno-lint-ignore require-await
    async embed(images) {
      if (Deno.env.has("SEED_TEST_NO_TEACHER")) throw new RunError("The teacher was asked");
      return tf.tidy(() => {
        const [batch, size] = images.shape;
        const quarters = tf.reshape(tf.avgPool(images, size / 2, size / 2, "valid"), [batch, 12]);
        const rows = tf.sub(tf.add(quarters, tf.mul(tf.mean(quarters, 0, true), 1e-4)), 127.5);
        return tf.div(rows, tf.norm(rows, 2, 1, true)) as tf.Tensor2D;
      });
    },
    [Symbol.dispose]() {},
  }),
});
