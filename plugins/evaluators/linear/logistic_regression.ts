import { classifyScores, crossEntropy, type Engine, type Matrix, tf } from "@seed/core";
import { minimize } from "./lbfgs.ts";

/** Rows and the class of each. */
export interface LabelledRows extends Matrix {
  readonly labels: Int32Array;
}

/** A linear classifier: `[dim, classes]` weights and `[classes]` biases, row-major in one array. */
export interface LinearClassifier {
  readonly dim: number;
  readonly classes: number;
  readonly parameters: Float64Array;
}

/** How a fit goes on and ends. */
export interface FitOptions {
  maxIterations?: number;
  onValue?: () => void;
  signal?: AbortSignal;
}

/** Cross-entropy is precise to some 1e-7 of its value in float32; a gradient below is noise. */
const TOLERANCE = 1e-5, MAX_ITERATIONS = 500;

/**
 * Multinomial logistic regression over a set of rows, kept on the device, for one strength of regularisation after
 * the other. Minimises the mean cross-entropy plus `l2 / 2` times the weights' squares; biases are free. That is
 * scikit-learn's `LogisticRegression` with `C = 1 / (l2 * rows)`.
 */
export class LogisticRegression implements Disposable {
  readonly #rows: tf.Tensor2D;
  readonly #targets: tf.Tensor;
  readonly #objective;

  constructor(engine: Engine, { data, dim, labels }: LabelledRows, private readonly classes: number) {
    this.#rows = tf.tensor2d(data, [labels.length, dim]);
    this.#targets = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, "int32"), classes), "float32"));
    this.#objective = engine.trace((...inputs) => {
      const [rows, targets, weights, biases, l2] = inputs as tf.Tensor2D[];
      const loss = (w: tf.Tensor, b: tf.Tensor) => {
        // Turned round, both this product and its gradient's take half the time where classes are few.
        const products = tf.matMul(tf.transpose(w) as tf.Tensor2D, rows, false, true);
        const entropy = crossEntropy(tf.add(tf.transpose(products), b), targets);
        return tf.add(entropy, tf.mul(tf.sum(tf.square(w)), tf.div(l2, 2))) as tf.Scalar;
      };
      const { value, grads } = tf.valueAndGrads(loss)([weights, biases]);
      return [value, ...grads];
    }, { name: "logistic regression" });
  }

  /**
   * Fits the classifier.
   *
   * @param l2 Strength of regularisation, above 0.
   * @param start Where to begin: a neighbouring strength's result saves most of the way. Null: at zero.
   * @param options.maxIterations Fewer than the default do to compare strengths.
   * @param options.onValue Is called each time that the loss and its gradient were computed.
   * @param options.signal Aborted: stops before they are computed again, with the signal's reason as the error.
   */
  async fit(
    l2: number,
    start: LinearClassifier | null,
    { maxIterations = MAX_ITERATIONS, onValue, signal }: FitOptions = {},
  ): Promise<LinearClassifier> {
    const dim = this.#rows.shape[1], { classes } = this, weights = dim * classes;
    const strength = tf.scalar(l2);
    const minimum = minimize(
      async (point) => {
        signal?.throwIfAborted();
        const w = tf.tensor2d(Float32Array.from(point.subarray(0, weights)), [dim, classes]);
        const b = tf.tensor1d(Float32Array.from(point.subarray(weights)));
        const results = await this.#objective.call(this.#rows, this.#targets, w, b, strength);
        const [[value], dw, db] = await Promise.all(results.map((result) => result.data()));
        tf.dispose([w, b, results]);
        const gradient = new Float64Array(point.length);
        gradient.set(dw);
        gradient.set(db, weights);
        onValue?.();
        return { value, gradient };
      },
      start?.parameters ?? new Float64Array(weights + classes),
      { tolerance: TOLERANCE, maxIterations },
    );
    const parameters = await minimum.finally(() => strength.dispose());
    return { dim, classes, parameters };
  }

  [Symbol.dispose](): void {
    tf.dispose([this.#rows, this.#targets]);
    this.#objective[Symbol.dispose]();
  }
}

/** Rows that are classified at a time. */
const CHUNK = 4096;

/** How rows are classified: each one's class, and how many classes get a higher score than its own. */
export interface Scored {
  predicted: Int32Array;
  /** 0 where the prediction is right; of classes with equal scores the own one counts as the better. */
  ranks: Int32Array;
}

/** Classifies rows. */
export async function score(
  { dim, classes, parameters }: LinearClassifier,
  { data, labels }: LabelledRows,
): Promise<Scored> {
  const [weights, biases] = tf.tidy(() => {
    const values = Float32Array.from(parameters);
    return [
      tf.tensor2d(values.subarray(0, dim * classes), [dim, classes]),
      tf.tensor1d(values.subarray(dim * classes)),
    ];
  });
  const ranks = new Int32Array(labels.length), predicted = new Int32Array(labels.length);
  for (let first = 0; first < labels.length; first += CHUNK) {
    const count = Math.min(CHUNK, labels.length - first);
    const scores = tf.tidy(() => {
      const rows = tf.tensor2d(data.subarray(first * dim, (first + count) * dim), [count, dim]);
      return tf.add(tf.matMul(rows, weights as tf.Tensor2D), biases);
    });
    const values = await scores.data() as Float32Array;
    scores.dispose();
    const chunk = classifyScores(values, labels.subarray(first, first + count), classes);
    ranks.set(chunk.ranks, first);
    predicted.set(chunk.predicted, first);
  }
  tf.dispose([weights, biases]);
  return { predicted, ranks };
}
