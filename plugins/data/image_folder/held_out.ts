/**
 * Which images of a folder are looked at in evaluations alone, and which are searched in. It goes by the images' names,
 * not by the run's seed: runs of other seeds are compared on the same images.
 *
 * @module
 */
import { type ImageSet, Random, RunError } from "@seed/core";

/** Images to train on, and others to evaluate on. */
export interface Divided {
  train: ImageSet;
  queries: ImageSet;
}

/**
 * Keeps a share of each class from training; of images without classes, a share of all.
 *
 * @param share In 0..1, both excluded.
 * @throws {RunError} If no class has two images.
 */
export function holdOut(images: ImageSet, share: number): Divided {
  const divided = divide(images, share);
  if (divided.queries.length > 0) return divided;
  throw new RunError(
    `No class has two images, so none can be held out of the ${images.length}; take data.held_out out, and evaluate`,
  );
}

/** As {@link holdOut} does. A class of two images or more gives one at least, and keeps one at least; others give none. */
export function divide(images: ImageSet, share: number): Divided {
  const isHeldOut = new Uint8Array(images.length);
  for (const members of byClass(images)) {
    const count = members.length < 2
      ? 0
      : Math.min(members.length - 1, Math.max(1, Math.round(share * members.length)));
    for (const index of inDrawnOrder(images, members, "held out").slice(0, count)) isHeldOut[index] = 1;
  }
  const [kept, held] = [0, 1].map((value) => indices(images.length).filter((i) => isHeldOut[i] === value));
  return { train: subset(images, kept), queries: subset(images, held) };
}

/** So many of the images, drawn by their names, in the order of the listing; all if there are no more. */
export function drawSome(images: ImageSet, count: number): ImageSet {
  if (images.length <= count) return images;
  const drawn = inDrawnOrder(images, indices(images.length), "gallery").slice(0, count);
  return subset(images, drawn.sort((a, b) => a - b));
}

function indices(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}

function byClass({ length, label }: ImageSet): number[][] {
  if (!label) return [indices(length)];
  const members: number[][] = [];
  for (let i = 0; i < length; i++) (members[label(i)] ??= []).push(i);
  return members.filter(Boolean);
}

/** By a number that is drawn for each name; of equal numbers as they are listed. */
function inDrawnOrder(images: ImageSet, members: readonly number[], purpose: string): number[] {
  const drawn = new Map(members.map((i) => [i, new Random(purpose, images.image(i).name).uint32()]));
  return members.toSorted((a, b) => drawn.get(a)! - drawn.get(b)! || a - b);
}

function subset(images: ImageSet, kept: readonly number[]): ImageSet {
  const { isFound, label, classNames } = images, places = Uint32Array.from(kept);
  return {
    ...{ length: places.length, isFound },
    image: (i) => images.image(places[i]),
    ...label && { label: (i: number) => label(places[i]), classNames },
  };
}
