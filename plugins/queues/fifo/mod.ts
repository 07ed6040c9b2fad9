/**
 * A first-in-first-out queue of embeddings (He et al., MoCo, CVPR 2020, section 3.2).
 *
 * @module
 */
import { definePlugin, type Queue, Random, tf, z } from "@seed/core";

/** A ring buffer: `pointer` is the slot that is overwritten next. */
export class FifoQueue implements Queue {
  readonly embeddings: tf.Variable<tf.Rank.R2>;
  readonly pointer: tf.Variable<tf.Rank.R0>;

  /**
   * Starts full of random unit vectors, as MoCo's and SEED's code does: the first `size / batch` steps are
   * measured against noise.
   */
  constructor(readonly size: number, readonly embeddingDim: number, seed: number) {
    const rows = unitRows(size, embeddingDim, seed);
    // Variables outlive the tidy, the tensors that they begin with do not.
    this.embeddings = tf.tidy(() => tf.variable(tf.tensor2d(rows, [size, embeddingDim]), false));
    this.pointer = tf.tidy(() => tf.variable(tf.scalar(0, "int32"), false));
  }

  enqueue(batch: tf.Tensor2D): void {
    const rows = batch.shape[0];
    tf.tidy(() => {
      // The batch divides the size, so rows never wrap around within one batch.
      const slots = tf.add(tf.range(0, rows, 1, "int32"), this.pointer).expandDims(1);
      this.embeddings.assign(tf.tensorScatterUpdate(this.embeddings, slots, batch) as tf.Tensor2D);
      this.pointer.assign(
        tf.mod(tf.add(this.pointer, tf.scalar(rows, "int32")), tf.scalar(this.size, "int32")),
      );
    });
  }

  [Symbol.dispose](): void {
    this.embeddings.dispose();
    this.pointer.dispose();
  }
}

function unitRows(rows: number, dim: number, seed: number): Float32Array {
  const random = new Random(seed, "queue");
  const values = new Float32Array(rows * dim);
  for (let row = 0; row < rows; row++) {
    let square = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) square += (values[i] = random.normal()) ** 2;
    const norm = Math.sqrt(square);
    for (let i = row * dim; i < (row + 1) * dim; i++) values[i] /= norm;
  }
  return values;
}

/** A thousand million: beyond it a row's number is no int32. Before it memory ends, which `arrays` is for. */
const MOST_ROWS = 1e9;

/** MoCo's width, for a memory estimate where only the teacher's file says it. */
const USUAL_DIM = 128;

export default definePlugin({
  kind: "queue",
  name: "@seed/queue-fifo",
  apiVersion: 1,
  about: { summary: "The newest embeddings, oldest out first", source: "He et al., CVPR 2020, section 3.2" },
  options: z.strictObject({
    /** How many embeddings it holds; a multiple of the batch size. */
    size: z.int().positive().max(MOST_ROWS),
  }),
  check({ size }, { batchSize, queueRows }) {
    if (size % queueRows === 0) return [];
    const [below, above] = [Math.floor(size / queueRows), Math.ceil(size / queueRows)].map((n) =>
      n * queueRows
    );
    const rows = queueRows === batchSize
      ? `train.batch_size ${batchSize}`
      : `the ${queueRows} rows that enter it at a step`;
    const message = `The queue's size ${size} is not a multiple of ${rows}; use ` +
      (below > 0 ? `${below} or ${above}` : `${above}`);
    return [{ key: "size", message }];
  },
  tells: ({ size }) => ({ rows: size }),
  arrays: ({ size }, { embeddingDim }) => [{ key: "size", shape: [size, embeddingDim ?? USUAL_DIM] }],
  create: ({ size }, { embeddingDim, seed }) => new FifoQueue(size, embeddingDim, seed),
});
