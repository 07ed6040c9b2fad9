import type { StepRecord } from "../interfaces/logger.ts";
import type { TakenStep } from "./loop.ts";

/** What `metrics.jsonl` and loggers are told of a step. */
export function stepRecord(
  { position, loss, losses, gradientNorm, metrics }: TakenStep,
  { stepsPerEpoch, imagesPerSecond }: { stepsPerEpoch: number; imagesPerSecond: number },
): StepRecord {
  const step = position.step + 1;
  return {
    ...{ step, epoch: step / stepsPerEpoch, loss, lr: position.learningRate },
    ...{ images_per_second: imagesPerSecond, gradient_norm: gradientNorm },
    ...Object.keys(losses).length > 1 && { losses },
    ...Object.keys(metrics).length > 0 && { metrics },
  };
}
