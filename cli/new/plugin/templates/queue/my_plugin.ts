/**
 * The embeddings of past batches, the oldest out first.
 *
 * ```yaml
 * queue: { plugin: "./my_plugin.ts", size: 4096 }
 * ```
 *
 * @module
 */
import { definePlugin, type Queue, Random, tf, unitRows, z } from "@seed/core";

class MyQueue implements Queue {
  /** All its state: checkpoints hold these two, and nothing else of it. */
  readonly embeddings: tf.Variable<tf.Rank.R2>;
  readonly pointer: tf.Variable<tf.Rank.R0>;

  /** Begins full of random unit rows, which depend on the seed alone. */
  constructor(readonly size: number, readonly embeddingDim: number, seed: number) {
    const random = new Random(seed, "my-plugin");
    const values = Float32Array.from({ length: size * embeddingDim }, () => random.normal());
    this.embeddings = tf.tidy(() => tf.variable(unitRows(tf.tensor2d(values, [size, embeddingDim])), false));
    this.pointer = tf.tidy(() => tf.variable(tf.scalar(0, "int32"), false));
  }

  /** Within the traced step: operations on tensors, no reading of their values. */
  enqueue(batch: tf.Tensor2D): void {
    const rows = batch.shape[0];
    tf.tidy(() => {
      // A batch divides the size, so its rows never wrap around.
      const slots = tf.expandDims(tf.add(tf.range(0, rows, 1, "int32"), this.pointer), 1);
      const next = tf.add(this.pointer, tf.scalar(rows, "int32"));
      this.embeddings.assign(tf.tensorScatterUpdate(this.embeddings, slots, batch) as tf.Tensor2D);
      this.pointer.assign(tf.mod(next, tf.scalar(this.size, "int32")));
    });
  }

  [Symbol.dispose](): void {
    tf.dispose([this.embeddings, this.pointer]);
  }
}

export default definePlugin({
  kind: "queue",
  name: "my-plugin", // in messages
  apiVersion: 1,
  about: { summary: "The newest embeddings, oldest out first" },
  // Every key that a recipe may write beside `plugin`: checked before anything heavy loads.
  options: z.strictObject({ size: z.int().positive().max(1e9) }),
  check: ({ size }, { queueRows }) =>
    size % queueRows === 0
      ? []
      : [{ key: "size", message: `The size ${size} is no multiple of the ${queueRows} rows of a step` }],
  tells: ({ size }) => ({ rows: size }),
  arrays: ({ size }, { embeddingDim }) => [{ key: "size", shape: [size, embeddingDim ?? 128] }],
  create: ({ size }, { embeddingDim, seed }) => new MyQueue(size, embeddingDim, seed),
});
