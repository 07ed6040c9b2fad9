/**
 * Names of figures as loggers with one name space have them.
 *
 * @module
 */
import type { EvaluationRecord, StepRecord, StepTiming } from "../interfaces/logger.ts";

/** A figure by its name. */
export type Scalar = readonly [name: string, value: number];

/** All figures of a step: `train/loss`, `losses/seed`, `metrics/agreement`, ... */
export function scalarsOfStep(
  { step: _, losses, metrics, ...record }: StepRecord,
  { seconds, dataWaitSeconds }: StepTiming,
): Scalar[] {
  return [
    ...under("train", { ...record, seconds, data_wait_seconds: dataWaitSeconds }),
    ...under("losses", losses),
    ...under("metrics", metrics),
  ];
}

/** Names of what evaluations tell begin so. */
export const EVALUATION = "evaluation/";

/** All figures of an evaluation: `evaluation/knn/top1/student`. */
export function scalarsOfEvaluation({ network, evaluation }: EvaluationRecord): Scalar[] {
  return Object.entries(evaluation).flatMap(([evaluator, figures]) =>
    Object.entries(figures).map(([figure, value]): Scalar => [
      `${EVALUATION}${evaluator}/${figure}/${network}`,
      value,
    ])
  );
}

function under(group: string, figures: object = {}): Scalar[] {
  return Object.entries(figures).flatMap(([name, value]): Scalar[] =>
    typeof value === "number" ? [[`${group}/${name}`, value]] : []
  );
}
