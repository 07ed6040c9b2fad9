/**
 * MoCo-v2: contrastive learning against a momentum encoder, without a teacher (He et al., CVPR 2020; Chen et al.,
 * 2020). It trains teachers, and is the paper's baseline for students.
 *
 * @module
 */
import {
  definePlugin,
  type Objective,
  type ObjectiveInputs,
  type ObjectiveResult,
  type Parameter,
  type PassOptions,
  type Student,
  tf,
  trainingPass,
  unitRows,
  z,
} from "@seed/core";

/** Numbers of the views. */
const QUERY = 0, KEY = 1;

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
  readonly parameters: readonly Parameter[];

  constructor(
    private readonly keyEncoder: Student,
    private readonly options: { temperature: number; momentum: number; bnSplits: number },
  ) {
    this.parameters = keyEncoder.parameters.map((p) => ({
      ...p,
      name: `momentum_encoder.${p.name}`,
      trainable: false,
    }));
  }

  /** The key encoder follows the student: theta_k <- m theta_k + (1 - m) theta_q (MoCo, equation 2). */
  prepare({ student }: { student: Student }): void {
    const m = this.options.momentum;
    student.parameters.forEach(({ variable, trainable, frozen }, i) => {
      if (!trainable || frozen) return; // running statistics are the key encoder's own
      const key = this.keyEncoder.parameters[i].variable;
      tf.tidy(() => key.assign(tf.add(tf.mul(key, m), tf.mul(variable, 1 - m))));
    });
  }

  loss({ views, studentEmbeddings: [embedding], queue: D, noise = [] }: ObjectiveInputs): ObjectiveResult {
    const { bnSplits, temperature } = this.options;
    const q = unitRows(embedding);
    const k = unitRows(keysOf(this.keyEncoder, views[KEY], { bnSplits, noise: noise[0] }));
    const loss = infoNce(q, k, D, temperature);
    return { loss, floor: 0, uniform: Math.log(D.shape[0] + 1), enqueue: k }; // the targets are one-hot
  }

  [Symbol.dispose](): void {
    this.keyEncoder[Symbol.dispose]();
  }
}

/** Embeddings in parts made of other images than the queries': what a batch's statistics tell is of no use. */
function keysOf(encoder: Student, images: tf.Tensor4D, options: PassOptions): tf.Tensor2D {
  const rows = images.shape[0], { bnSplits: parts } = options;
  if (parts === 1) return trainingPass(encoder, images, options).embedding;
  const shuffled = trainingPass(encoder, tf.gather(images, dealt(rows, parts)), options).embedding;
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
    temperature: z.number().positive().max(1e6).default(0.2),
    /** Share of itself that the momentum encoder keeps at each step. */
    momentum: z.number().min(0).max(1).default(0.999),
  }),
  needs: () => ({ views: 2, studentViews: [QUERY], queue: true, noise: true }),
  async create(options, { createStudent, bnSplits }) {
    // It has the values that the student begins with.
    return new MocoObjective(await createStudent(), { ...options, bnSplits });
  },
});
