import { learningRate, type ScheduleOptions } from "./schedule.ts";

/** Where a step stands in training. */
export interface StepPosition {
  /** Steps before it. */
  readonly step: number;
  /** Epochs before it, with their fraction. */
  readonly epoch: number;
  /** Share of the recipe's steps before it. */
  readonly share: number;
  readonly learningRate: number;
}

/** Where the step after so many others stands. */
export function positionOf(step: number, schedule: ScheduleOptions): StepPosition {
  const { stepsPerEpoch, epochs } = schedule, epoch = step / stepsPerEpoch;
  return { step, epoch, share: epoch / epochs, learningRate: learningRate(step, schedule) };
}
