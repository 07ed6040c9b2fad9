/**
 * MoCo-v2: contrastive learning against a momentum encoder, without a teacher (He et al., CVPR 2020; Chen et al.,
 * 2020). It trains teachers, and is the paper's baseline for students.
 *
 * @module
 */
import {
  definePlugin,
  noisyStudent,
  type Objective,
  type ObjectiveInputs,
  type ObjectiveResult,
  type Parameter,
  type Student,
  tf,
  z,
} from "@seed/core";
import { checkSplits, embeddingsInParts, unitRows } from "@seed/nn";

/**
 * InfoNCE: each query's key is to be told from the queue's (MoCo, equation 1).
 *
 * @param q Queries, `[batch, dim]` float32 unit rows.
 * @param k Their keys, of other views of the same images; no gradient flows into them.
 * @param D The queue of earlier keys, `[size, dim]` float32 unit rows.
 * @returns the mean over the batch, a scalar.
 */
export function infoNce(q: tf.Tensor2D, k: tf.Tensor2D, D: tf.Tensor2D, temperature: number): tf.Scalar {
  const positive = tf.sum(tf.mul(q, k), 1, true);
  const logits = tf.div(tf.concat([positive, tf.matMul(q, D, false, true)], 1), temperature);
  return tf.neg(tf.mean(tf.slice(tf.logSoftmax(logits), [0, 0], [-1, 1])));
}

/** Two views an image: the student's is the query, the momentum encoder's the key. */
class MocoObjective implements Objective {
  readonly views = 2;
  readonly usesTeacher = false;
  readonly usesNoise = true;
  readonly parameters: readonly Parameter[];

  constructor(
    private readonly keyEncoder: Student,
    private readonly options: { temperature: number; momentum: number; bn_splits: number },
  ) {
    this.parameters = keyEncoder.parameters.map((p) => ({
      ...p,
      name: `momentum_encoder.${p.name}`,
      trainable: false,
    }));
  }

  /** The key encoder follows the student: theta_k <- m theta_k + (1 - m) theta_q (MoCo, equation 2). */
  prepare(student: Student): void {
    const m = this.options.momentum;
    student.parameters.forEach(({ variable, trainable }, i) => {
      if (!trainable) return; // running statistics are the key encoder's own
      const key = this.keyEncoder.parameters[i].variable;
      tf.tidy(() => key.assign(tf.add(tf.mul(key, m), tf.mul(variable, 1 - m))));
    });
  }

  loss({ views, student, queue, noise }: ObjectiveInputs): ObjectiveResult {
    const { bn_splits: splits, temperature } = this.options;
    const keyEncoder = noise ? noisyStudent(this.keyEncoder, noise) : this.keyEncoder;
    const q = unitRows(embeddingsInParts(student, views[0], splits));
    const k = unitRows(keysInParts(keyEncoder, views[1], splits));
    return { loss: infoNce(q, k, queue.embeddings as tf.Tensor2D, temperature), enqueue: k };
  }

  [Symbol.dispose](): void {
    this.keyEncoder[Symbol.dispose]();
  }
}

/** Embeddings in parts made of other images than the queries': what a batch's statistics tell is of no use. */
function keysInParts(encoder: Student, images: tf.Tensor4D, parts: number): tf.Tensor2D {
  if (parts === 1) return embeddingsInParts(encoder, images, 1);
  const rows = images.shape[0];
  const shuffled = embeddingsInParts(encoder, tf.gather(images, dealt(rows, parts)), parts);
  return tf.gather(shuffled, dealt(rows, rows / parts));
}

/**
 * The order that deals `rows` out to `parts` in turn: 0, parts, 2 parts, ..., 1, parts + 1, ... No two that stand
 * side by side stay so, which the original's random order leaves to chance. Dealing to `rows / parts` undoes it.
 */
function dealt(rows: number, parts: number): number[] {
  return Array.from(
    { length: rows },
    (_, i) => (i % (rows / parts)) * parts + Math.floor(i / (rows / parts)),
  );
}

export default definePlugin({
  kind: "objective",
  name: "@seed/objective-moco",
  apiVersion: 1,
  about: { summary: "MoCo-v2: contrast with a momentum encoder, no teacher", source: "Chen et al., 2020" },
  options: z.strictObject({
    temperature: z.number().positive().default(0.2),
    /** Share of itself that the momentum encoder keeps at each step. */
    momentum: z.number().min(0).max(1).default(0.999),
    /** Parts of a batch whose batch norms are apart, as on devices of their own (MoCo, section 3.3). */
    bn_splits: z.int().positive().default(1),
  }),
  check: checkSplits,
  async create(options, { createStudent }) {
    // A fresh student has the same initial values: draws are keyed by seed and name.
    return new MocoObjective(await createStudent(), options);
  },
});
