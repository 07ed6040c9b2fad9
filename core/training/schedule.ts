import type { TrainOptions } from "../recipe/schema.ts";

/** How the learning rate goes over a run. */
export interface ScheduleOptions {
  /** The rate that warm-up ends with. */
  lr: number;
  schedule: "cosine" | "constant";
  /** `epoch`: one rate an epoch, as MoCo's and SEED's code; `step`: it changes at every step. */
  scheduleBy: "epoch" | "step";
  epochs: number;
  warmupEpochs: number;
  batchSize: number;
  stepsPerEpoch: number;
}

/** Batch size that the published learning rates are meant for. */
const REFERENCE_BATCH = 256;

/** The schedule that a recipe asks for. */
export function scheduleOf(train: TrainOptions, stepsPerEpoch: number): ScheduleOptions {
  return {
    lr: train.scale_lr ? train.lr * train.batch_size / REFERENCE_BATCH : train.lr,
    schedule: train.schedule,
    scheduleBy: train.schedule_by,
    epochs: train.epochs,
    warmupEpochs: train.warmup_epochs,
    batchSize: train.batch_size,
    stepsPerEpoch,
  };
}

/**
 * The learning rate of a step (the first is 0).
 *
 * By epoch it follows SEED's released code: warm-up goes from the rate of a batch of 256 to the batch's own, so
 * that at 256 it changes nothing, nor below it (where the code would begin above `lr`); the cosine counts epochs
 * from the beginning of the run, not from the end of warm-up. By step, warm-up rises from zero and the cosine spans
 * the rest.
 */
export function learningRate(step: number, options: ScheduleOptions): number {
  return options.scheduleBy === "epoch" ? byEpoch(step, options) : byStep(step, options);
}

function byEpoch(step: number, options: ScheduleOptions): number {
  const { lr, epochs, warmupEpochs, batchSize, stepsPerEpoch, schedule } = options;
  const epoch = Math.floor(step / stepsPerEpoch);
  if (epoch < warmupEpochs) {
    const start = lr * Math.min(1, REFERENCE_BATCH / batchSize);
    return start + (lr - start) * epoch / warmupEpochs;
  }
  return schedule === "constant" ? lr : cosine(lr, epoch / epochs);
}

function byStep(step: number, options: ScheduleOptions): number {
  const { lr, epochs, warmupEpochs, stepsPerEpoch, schedule } = options;
  const warmup = Math.round(warmupEpochs * stepsPerEpoch), total = epochs * stepsPerEpoch;
  if (step < warmup) return lr * (step + 1) / (warmup + 1);
  return schedule === "constant" ? lr : cosine(lr, (step - warmup) / Math.max(1, total - warmup));
}

function cosine(lr: number, progress: number): number {
  return lr * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
}
