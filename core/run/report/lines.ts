/**
 * Lines of `metrics.jsonl` as a report takes them: what an earlier version did not write, or what is no such value, is
 * not there.
 *
 * @module
 */
import { z } from "zod";
import type { EvaluationDetails, Figures } from "../../interfaces/evaluator.ts";
import type { MetricsLine } from "../metrics_file.ts";

const number = z.number().optional().catch(undefined);
const numbers = z.record(z.string(), z.number().nullable()).optional().catch(undefined);

const STEP = z.object({
  step: z.int(),
  loss: z.number().nullable().catch(null),
  ...{ epoch: number, lr: number, images_per_second: number, gradient_norm: number },
  ...{ losses: numbers, metrics: numbers },
});

const count = z.number().min(0), index = z.int().min(0);
const DETAILS = z.object({
  protocol: z.string(),
  gallery: count,
  queries: count,
  classes: z.array(z.string()).optional(),
  per_class: z.array(z.number().nullable()).optional(),
  confusion: z.array(z.array(count)).optional(),
  confused: z.array(z.tuple([index, index, count])).optional(),
}) as unknown as z.ZodType<EvaluationDetails>;

/** A step. */
export type StepLine = z.output<typeof STEP>;

/** An evaluation of a network. */
export interface EvaluationLine {
  step: number;
  network: string;
  /** By evaluator; a figure that is no number is null in the file. */
  evaluation: Record<string, Figures>;
  details: Record<string, EvaluationDetails>;
  isCollapsed: boolean;
}

/** Lines of steps. */
export function stepLines(lines: readonly MetricsLine[]): StepLine[] {
  return lines.filter((line) => "loss" in line).map((line) => STEP.parse(line));
}

/** Lines of evaluations. */
export function evaluationLines(lines: readonly MetricsLine[]): EvaluationLine[] {
  return lines.flatMap(({ step, network, evaluation, details = {}, identical_features }) =>
    evaluation === undefined ? [] : [{
      ...{ step, network: network ?? "student", evaluation, isCollapsed: identical_features === true },
      details: Object.fromEntries(
        Object.entries(details ?? {}).flatMap(([name, found]) => {
          const { success, data } = DETAILS.safeParse(found);
          return success ? [[name, data]] : [];
        }),
      ),
    }]
  );
}
