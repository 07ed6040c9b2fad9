/**
 * What cards would give, calculated from published figures; docs/scale.md says whose they are.
 *
 * @module
 */

/** Images of ImageNet, and views of a published run. */
const IMAGES = 1_281_167, EPOCHS = 200;

/** Assumptions: images a second of one card, GB/s of an all-reduce's bus within a machine of so many and between. */
const STUDENT = 2489, TEACHER = 2489 * 3669 / 1752, PER_MACHINE = 8, WITHIN = 100e9, BETWEEN = 40e9;
/** Seconds of a stage of a tree. */
const STAGE = 20e-6;

/** A step of so many cards. */
export interface CardStep {
  cards: number;
  /** Milliseconds. */
  step: number;
  allReduce: number;
  imagesPerSecond: number;
  /** Of 200 epochs. */
  hours: number;
}

/**
 * @param images A card and step.
 * @param bytes That are added up.
 * @param cached Whether the teacher's embeddings come from a full cache.
 */
export function cardStep(
  cards: number,
  { images, bytes, cached }: { images: number; bytes: number; cached: boolean },
): CardStep {
  const perImage = 1 / STUDENT + (cached ? 0 : 1 / TEACHER);
  const rate = cards > PER_MACHINE ? BETWEEN : WITHIN;
  const allReduce = cards === 1 ? 0 : 2 * (1 - 1 / cards) * bytes / rate + 2 * Math.log2(cards) * STAGE;
  const step = images * perImage + allReduce, imagesPerSecond = cards * images / step;
  return {
    ...{ cards, step: 1e3 * step, allReduce: 1e3 * allReduce, imagesPerSecond },
    hours: IMAGES * EPOCHS / imagesPerSecond / 3600,
  };
}
