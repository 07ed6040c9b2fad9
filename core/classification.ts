import type { EvaluationDetails, Figures } from "./evaluator.ts";

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

/** More classes have no confusion matrix in a run's records: it would be most of them. */
const MAX_CONFUSION = 100;

/** Shares of the queries whose class was preferred to all others (`top1`), or to all but four (`top5`, of six or more). */
export function accuracy({ ranks, classes }: Classified): Figures {
  const within = (k: number) => Array.from(ranks).filter((rank) => rank < k).length / ranks.length;
  return classes > 5 ? { top1: within(1), top5: within(5) } : { top1: within(1) };
}

/** Accuracy by class (null: no query is of it), and which classes were given to which. */
export function byClass(
  { predicted, labels, classes, classNames }: Classified,
): Pick<EvaluationDetails, "classes" | "per_class" | "confusion"> {
  const confusion = Array.from({ length: classes }, () => Array<number>(classes).fill(0));
  for (let i = 0; i < labels.length; i++) confusion[labels[i]][predicted[i]]++;
  const per_class = confusion.map((row, label) => {
    const queries = row.reduce((sum, count) => sum + count, 0);
    return queries ? row[label] / queries : null;
  });
  const names = Array.from({ length: classes }, (_, label) => classNames?.[label] ?? `${label}`);
  return { classes: names, per_class, ...classes <= MAX_CONFUSION && { confusion } };
}
