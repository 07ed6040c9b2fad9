import { RunError } from "../errors.ts";
import type { TrainOptions } from "../recipe/schema.ts";

/** How a learning rate goes from epoch to epoch. */
export interface RateOptions {
  /** The rate of the first epoch. */
  lr: number;
  /** `cosine`: half a wave down to 0; `steps`: multiplied by a factor at some epochs. */
  schedule: "cosine" | "constant" | "steps";
  /** Where the cosine ends. */
  epochs: number;
  /** Of `steps`: how many epochs there are before each drop. */
  drops?: readonly number[];
  /** Of `steps`: what each drop leaves of the rate; default 0.1, as PyTorch's `MultiStepLR`. */
  dropFactor?: number;
}

/**
 * What is wrong with the drops of an evaluator that trains: one that never comes would be another schedule than the
 * recipe tells. Null if nothing is.
 *
 * @param section Where they stand, for example `evaluate.semi`.
 */
export function dropsProblem(
  section: string,
  { epochs, drops }: { epochs: number; drops: readonly number[] },
): string | null {
  const late = drops.filter((drop) => drop >= epochs);
  return late.length
    ? `Expected ${section}.drops less than ${section}.epochs ${epochs}, got ${
      late.join(", ")
    }; name others, or [] ` +
      "for none"
    : null;
}

/** How the learning rate goes over a run; `lr` is the rate that warm-up ends with. */
export interface ScheduleOptions extends RateOptions {
  /** `epoch`: one rate an epoch, as MoCo's and SEED's code; `step`: it changes at every step. */
  scheduleBy: "epoch" | "step";
  warmupEpochs: number;
  batchSize: number;
  stepsPerEpoch: number;
}

/** Batch size that the published learning rates are meant for. */
const REFERENCE_BATCH = 256;

/**
 * The schedule that a recipe asks for.
 *
 * @throws {RunError} If a drop would come after the last step, which only the number of images tells.
 */
export function scheduleOf(train: TrainOptions, stepsPerEpoch: number): ScheduleOptions {
  const last = (train.epochs * stepsPerEpoch - 1) / stepsPerEpoch,
    drops = train.schedule === "steps" ? train.drops : [];
  const late = drops.find((drop) => drop > last);
  if (late !== undefined) {
    throw new RunError(
      `train.drops has ${late}, which comes after the last step: with ${stepsPerEpoch} steps an epoch it begins after ` +
        `${Math.floor(1000 * last) / 1000} epochs; name an earlier one`,
    );
  }
  return {
    lr: train.scale_lr ? train.lr * train.batch_size / REFERENCE_BATCH : train.lr,
    schedule: train.schedule,
    ...train.schedule === "steps" && { drops: train.drops, dropFactor: train.drop_factor },
    scheduleBy: train.schedule_by,
    epochs: train.epochs,
    warmupEpochs: train.warmup_epochs,
    batchSize: train.batch_size,
    stepsPerEpoch,
  };
}

/**
 * The learning rate of an epoch (the first is 0), without warm-up.
 *
 * @example Drops to a tenth after 60 and after 80 of 100 epochs
 * ```ts
 * import { rateOfEpoch } from "@seed/core";
 * import assert from "node:assert/strict";
 *
 * const options = { lr: 30, schedule: "steps", epochs: 100, drops: [60, 80] } as const;
 * assert.equal(rateOfEpoch(59, options), 30);
 * assert.equal(rateOfEpoch(60, options), 3);
 * ```
 */
export function rateOfEpoch(epoch: number, options: RateOptions): number {
  const { lr, schedule, epochs, drops = [], dropFactor = 0.1 } = options;
  if (schedule === "cosine") return cosine(lr, epoch / epochs);
  return schedule === "steps" ? lr * dropFactor ** drops.filter((drop) => epoch >= drop).length : lr;
}

/**
 * The learning rate of a step (the first is 0).
 *
 * By epoch it follows SEED's released code: warm-up goes from the rate of a batch of 256 to the batch's own, so
 * that at 256 it changes nothing, nor below it (where the code would begin above `lr`); the cosine counts epochs
 * from the beginning of the run, not from the end of warm-up. By step, warm-up rises from zero and the cosine spans
 * the rest. Drops count epochs from the beginning of the run either way.
 */
export function learningRate(step: number, options: ScheduleOptions): number {
  return options.scheduleBy === "epoch" ? byEpoch(step, options) : byStep(step, options);
}

function byEpoch(step: number, options: ScheduleOptions): number {
  const { lr, warmupEpochs, batchSize, stepsPerEpoch } = options;
  const epoch = Math.floor(step / stepsPerEpoch);
  if (epoch < warmupEpochs) {
    const start = lr * Math.min(1, REFERENCE_BATCH / batchSize);
    return start + (lr - start) * epoch / warmupEpochs;
  }
  return rateOfEpoch(epoch, options);
}

function byStep(step: number, options: ScheduleOptions): number {
  const { lr, epochs, warmupEpochs, stepsPerEpoch, schedule } = options;
  const warmup = Math.round(warmupEpochs * stepsPerEpoch), total = epochs * stepsPerEpoch;
  if (step < warmup) return lr * (step + 1) / (warmup + 1);
  if (schedule !== "cosine") return rateOfEpoch(step / stepsPerEpoch, options);
  return cosine(lr, (step - warmup) / Math.max(1, total - warmup));
}

function cosine(lr: number, progress: number): number {
  return lr * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
}
