import type { ImageSet } from "../interfaces/data_source.ts";
import { RunError } from "../errors.ts";
import type { EvaluationDetails, Figures } from "../interfaces/evaluator.ts";
import { tf } from "../tf.ts";

/** How queries were classified. */
export interface Classified {
  /** For each query, how many classes were preferred to its own. */
  readonly ranks: ArrayLike<number>;
  /** The class that each query was given. */
  readonly predicted: ArrayLike<number>;
  /** The class of each query. */
  readonly labels: ArrayLike<number>;
  /** How many classes there are. */
  readonly classes: number;
  readonly classNames?: readonly string[];
}

/**
 * The class of each image of a set.
 *
 * @param evaluator Who needs them, for the error.
 * @throws {RunError} If the images have none.
 */
export function labelsOf(images: ImageSet, evaluator: string): Int32Array {
  if (!images.label) {
    throw new RunError(`The evaluator ${evaluator} needs labelled images; the data has no classes`);
  }
  return Int32Array.from({ length: images.length }, (_, i) => images.label!(i));
}

/** How many classes labels may be of: the largest and one. */
export function classCount(...labels: readonly Int32Array[]): number {
  return labels.reduce((most, all) => all.reduce((a, b) => Math.max(a, b), most), -1) + 1;
}

/** How many classes come before one: those with a higher score, and lower ones with the same. */
export function rankOf(scores: ArrayLike<number>, own: number): number {
  let rank = 0;
  for (let label = 0; label < scores.length; label++) {
    if (scores[label] > scores[own] || scores[label] === scores[own] && label < own) rank++;
  }
  return rank;
}

/**
 * Classifies rows by their highest score; of equal ones the lowest class is the better.
 *
 * @param scores `[rows, classes]` row-major.
 * @throws {RunError} If a score is not finite.
 */
export function classifyScores(
  scores: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): { ranks: Int32Array; predicted: Int32Array } {
  const ranks = new Int32Array(labels.length), predicted = new Int32Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const row = scores.subarray(i * classes, (i + 1) * classes);
    if (!row.every(Number.isFinite)) {
      throw new RunError(
        `The classifier's scores of query ${
          i + 1
        } of ${labels.length} are not finite: its training has diverged; ` +
          "lower its rate",
      );
    }
    ranks[i] = rankOf(row, labels[i]);
    predicted[i] = row.reduce((best, score, label) => score > row[best] ? label : best, 0);
  }
  return { ranks, predicted };
}

/**
 * Cross-entropy of a classification.
 *
 * @param logits `[rows, classes]` float32.
 * @param targets One-hot, of the same shape.
 * @returns the mean over the rows, a scalar.
 */
export function crossEntropy(logits: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1)));
}

/** More classes have no confusion matrix in a run's records: it would be most of them. */
const MAX_CONFUSION = 100;

/** Shares of the queries whose class was preferred to all others (`top1`), or to all but four (`top5`, of six or more). */
export function accuracy({ ranks, classes }: Classified): Figures {
  if (ranks.length === 0) {
    throw new RunError("There are no queries to evaluate on: a share of none is no figure");
  }
  const within = (k: number) => Array.from(ranks).filter((rank) => rank < k).length / ranks.length;
  return classes > 5 ? { top1: within(1), top5: within(5) } : { top1: within(1) };
}

/** Of more classes, only so many confusions are told: the commonest. */
const MOST_CONFUSED = 20;

/** Accuracy by class (null: no query is of it), and which classes were given to which. */
export function byClass(
  { predicted, labels, classes, classNames }: Classified,
): Pick<EvaluationDetails, "classes" | "per_class" | "confusion" | "confused"> {
  const queries = new Int32Array(classes), pairs = new Map<number, number>();
  for (let i = 0; i < labels.length; i++) {
    queries[labels[i]]++;
    const pair = labels[i] * classes + predicted[i];
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  const per_class = Array.from(
    queries,
    (count, label) => count ? (pairs.get(label * (classes + 1)) ?? 0) / count : null,
  );
  const names = Array.from({ length: classes }, (_, label) => classNames?.[label] ?? `${label}`);
  return {
    ...{ classes: names, per_class },
    ...classes <= MAX_CONFUSION
      ? { confusion: matrixOf(pairs, classes) }
      : { confused: commonest(pairs, classes) },
  };
}

/** Counts by class and the class that was given, `label * classes + given`, as a matrix. */
function matrixOf(pairs: ReadonlyMap<number, number>, classes: number): number[][] {
  return Array.from(
    { length: classes },
    (_, label) => Array.from({ length: classes }, (_, given) => pairs.get(label * classes + given) ?? 0),
  );
}

/** The commonest mistakes, as `[label, given, queries]`; of equal ones the lower classes first. */
function commonest(pairs: ReadonlyMap<number, number>, classes: number): [number, number, number][] {
  const triples = [...pairs].map(([pair, count]): [number, number, number] => [
    Math.floor(pair / classes),
    pair % classes,
    count,
  ]);
  return triples.filter(([label, given]) => label !== given)
    .sort((a, b) => b[2] - a[2] || a[0] - b[0] || a[1] - b[1])
    .slice(0, MOST_CONFUSED);
}
