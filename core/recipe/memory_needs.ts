/**
 * The memory that a recipe takes for sure, told before anything opens. It is a lower bound, made of the arrays that
 * numbers of a recipe alone decide on:
 *
 * - what plugins tell by `arrays`: a queue's rows, the weights of a head with their gradient and momentum;
 * - a step's views: `batch_size x views x side x side x 3`, a byte each as pixels and four as numbers, at the student's
 *   side, and at the teacher's where that is another;
 * - the teacher's cache in memory: for each view an array of `images x width`, of at least the images of one batch;
 *   on disk: for each view an array of `images`, the places of its embeddings.
 *
 * What the networks' layers hold in between depends on the network: `distill --dry-run` measures it.
 *
 * @module
 */
import type { ArrayNeed, RecipeFacts } from "../interfaces/plugin.ts";
import { formatBytes } from "../text/format_bytes.ts";
import { viewsOfAny } from "./objective_needs.ts";
import type { KnownRecipe } from "./recipe_facts.ts";
import type { Path } from "./recipe_file.ts";
import type { Problem } from "./recipe_document.ts";

/** An array, and the key of the recipe that makes it as large as it is. */
export interface LocatedArray extends Omit<ArrayNeed, "key"> {
  readonly path: Path;
}

type CacheOptions = NonNullable<NonNullable<KnownRecipe["teacher"]>["cache"]>;

/** Bytes of a pixel's channel. */
const PIXEL = 1;
/** Bytes of a value, where an array does not say otherwise: float32. */
const FLOAT = 4;
/** Bytes of a place on disk: a whole number of 32 bits. */
const PLACE = 4;
/** Values that an array may have: JavaScript's and the engines' numbers of places are 32-bit. */
const MOST_VALUES = 2 ** 31 - 1;

/** The arrays that the core makes for a recipe, as far as its plugins tell how large they are. */
export function arraysOfStep(recipe: KnownRecipe, facts: RecipeFacts): LocatedArray[] {
  const { train, objectives } = recipe,
    teacherViews = viewsOfAny(objectives ?? [], (needs) => needs.teacherViews);
  if (!train || !objectives) return [];
  const streams = [
    {
      path: ["train", "batch_size"],
      views: Math.max(0, ...objectives.map(({ needs }) => needs.views)),
      seen: teacherViews.length,
    },
    ...recipe.smallPatches.map(({ count: views, at }) => ({
      path: [...at, "count"],
      ...{ views, seen: teacherViews.length ? views : 0 },
    })),
  ];
  const arrays = streams.flatMap(({ path, views, seen }, i): LocatedArray[] => {
    const side = facts.studentSides[i], teacherSide = facts.teacherSides[i] ?? side;
    const pixels = (views: number, side: number) => ({
      ...{ path, bytes: PIXEL + FLOAT, shape: [train.batch_size, views, side, side, 3] },
    });
    if (side === undefined) return [];
    return [pixels(views, side), ...teacherSide === side ? [] : [pixels(seen, teacherSide)]];
  });
  return [...arrays, ...streams.flatMap(({ seen }) => arraysOfCache(recipe, facts, seen))];
}

function arraysOfCache(
  { teacher, train }: KnownRecipe,
  { teacherDim }: RecipeFacts,
  teacherViews: number,
): LocatedArray[] {
  const cache = teacher?.cache;
  if (!cache || !train || teacherDim === null || teacherViews === 0) return [];
  const { batch_size: images, epochs } = train;
  return [arrayOfCache(cache, { images, dim: teacherDim, epochs, teacherViews })];
}

/**
 * What a cache of a stream's views takes of memory: where it is in memory, what has been shown, no more views than there
 * are epochs; on disk, where each embedding lies.
 */
export function arrayOfCache(
  { views, dir, precision }: CacheOptions,
  { images, dim, epochs, teacherViews }: {
    images: number;
    dim: number;
    epochs: number;
    teacherViews: number;
  },
): LocatedArray {
  const path = ["teacher", "cache", "views"];
  if (dir !== null) return { path, shape: [images], bytes: PLACE, copies: views * teacherViews };
  return {
    ...{ path, shape: [images, dim], copies: Math.min(views, epochs) * teacherViews },
    ...precision === "fp16" && { bytes: FLOAT / 2 },
  };
}

/**
 * What does not fit.
 *
 * @param limit Bytes that there are; null: not known.
 */
export function memoryProblems(arrays: readonly LocatedArray[], limit: number | null): Problem[] {
  const problems = arrays.flatMap((array): Problem[] => {
    const values = count(array), needs = bytesOf(array);
    if (limit !== null && needs > limit) {
      return [{
        path: array.path,
        message: `${told(array)} needs ${formatBytes(needs)}, ${has(limit)}; lower it`,
      }];
    }
    if (values <= MOST_VALUES) return [];
    return [{
      path: array.path,
      message: `${told(array)} are more than the ${MOST_VALUES} that an array may have; lower it`,
    }];
  });
  if (problems.length || limit === null) return problems;
  const sum = arrays.reduce((sum, array) => sum + bytesOf(array), 0);
  if (sum <= limit) return [];
  const largest = arrays.toSorted((a, b) => bytesOf(b) - bytesOf(a)).slice(0, 3);
  const parts = largest.map((array) => `${told(array)} ${formatBytes(bytesOf(array))}`).join(", ");
  return [{
    path: largest[0].path,
    message: `The recipe needs ${formatBytes(sum)} at least (${parts}), ${has(limit)}; lower one of them`,
  }];
}

function told({ path, shape, bytes, copies = 1 }: LocatedArray): string {
  const sides = copies === 1 ? shape : [copies, ...shape];
  return `${path.join(".")} ${sides.join(" x ")} ${
    bytes === undefined ? "floats" : `values of ${bytes} bytes`
  }`;
}

function has(limit: number): string {
  return `this machine has ${formatBytes(limit)}`;
}

function count({ shape }: LocatedArray): number {
  return shape.reduce((a, b) => a * b, 1);
}

function bytesOf(array: LocatedArray): number {
  return count(array) * (array.bytes ?? FLOAT) * (array.copies ?? 1);
}
