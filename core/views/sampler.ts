import { Random } from "../random.ts";

/** Which images make a step's batch. */
export interface StepPlan {
  /** Counts from 0. */
  step: number;
  epoch: number;
  /** Indices into the training set: the slice of the batch that this process takes. */
  images: number[];
}

/** How many of a batch's images each of several processes takes; null: one takes all. */
export function sliceSize(batchSize: number, processes: { size: number } | null): number {
  return batchSize / (processes?.size ?? 1);
}

/**
 * The batches of a run from `startStep` on. An epoch is a permutation of the images that depends on seed and epoch
 * alone; images that do not fill the last batch are left out of it.
 */
export function* planSteps(options: {
  images: number;
  batchSize: number;
  shuffle: boolean;
  seed: number;
  startStep: number;
  endStep: number;
  /** What is shown for an image; default: the image itself. */
  standIns?: { of(image: number): number };
  /** Which of several processes takes its slice of each batch; null, or absent: one takes all. */
  processes?: { rank: number; size: number } | null;
}): Generator<StepPlan> {
  const { images, batchSize, shuffle, seed, startStep, endStep, standIns } = options;
  const { processes = null } = options, rank = processes?.rank ?? 0, slice = sliceSize(batchSize, processes);
  const stepsPerEpoch = Math.floor(images / batchSize);
  let order: ArrayLike<number> = [], orderEpoch = -1;
  for (let step = startStep; step < endStep; step++) {
    const epoch = Math.floor(step / stepsPerEpoch);
    if (epoch !== orderEpoch) {
      order = shuffle
        ? new Random(seed, "shuffle", epoch).permutation(images)
        : Array.from({ length: images }, (_, i) => i);
      orderEpoch = epoch;
    }
    const first = (step % stepsPerEpoch) * batchSize + rank * slice;
    const batch = Array.from({ length: slice }, (_, i) => order[first + i]);
    yield { step, epoch, images: standIns ? batch.map((image) => standIns.of(image)) : batch };
  }
}
