import { problemOfWorkers } from "../images/pipeline/worker_count.ts";
import type { Problem } from "./recipe_document.ts";
import type { TrainOptions } from "./schema.ts";

/** What does not fit together within `train:`. */
export function checkTrain(train: TrainOptions): Problem[] {
  return [
    ...train.schedule === "steps" ? checkDrops(train) : [],
    ...checkParts(train),
    ...checkMixup(train),
    ...checkWorkers(train),
  ];
}

/** Threads beyond the machine's cores take memory first. */
function checkWorkers({ workers }: TrainOptions): Problem[] {
  const message = workers === "auto" ? null : problemOfWorkers(workers);
  return message === null ? [] : [{ path: ["train", "workers"], message }];
}

/** A drop that never comes, or later than it says, would be another schedule than the recipe tells. */
function checkDrops(
  { drops, epochs, schedule_by: by }: Extract<TrainOptions, { schedule: "steps" }>,
): Problem[] {
  return drops.flatMap((drop, i) => {
    const path = ["train", "drops", i];
    if (drop >= epochs) return [{ path, message: `Expected less than train.epochs ${epochs}, got ${drop}` }];
    if (by === "step" || Number.isInteger(drop)) return [];
    const message = `Expected a whole number with train.schedule_by epoch, got ${drop}; ` +
      "round it, or set train.schedule_by to step";
    return [{ path, message }];
  });
}

/** An image alone in its part would be mixed with itself: with nothing. */
function checkMixup({ batch_size: batchSize, accumulate, mixup }: TrainOptions): Problem[] {
  if (!mixup || batchSize / accumulate >= 2) return [];
  const message = "Mixup needs two images in a pass at least (train.batch_size by train.accumulate), got " +
    `${batchSize / accumulate}`;
  return [{ path: ["train", "mixup"], message }];
}

/** What a cache keeps is of views that are not mixed. */
export function checkMixupOfCached(
  train: TrainOptions | null,
  teacher: { cache?: unknown } | null,
): Problem[] {
  if (!train?.mixup || (teacher?.cache ?? null) === null) return [];
  const message =
    "With mixup no view is seen twice, and a cache keeps the teacher's embeddings of views that are " +
    "not mixed; take teacher.cache or train.mixup out";
  return [{ path: ["train", "mixup"], message }];
}

function checkParts({ batch_size: batchSize, accumulate, bn_splits: splits }: TrainOptions): Problem[] {
  const passSize = batchSize / accumulate;
  if (!Number.isInteger(passSize)) {
    const message = `Expected a divisor of train.batch_size ${batchSize}, got ${accumulate}`;
    return [{ path: ["train", "accumulate"], message }];
  }
  if (passSize % splits === 0) return [];
  const message =
    `Expected a divisor of the ${passSize} images of a pass (train.batch_size by train.accumulate), got ${splits}`;
  return [{ path: ["train", "bn_splits"], message }];
}
