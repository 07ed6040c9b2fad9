import { leavesOf } from "../leaves.ts";
import type { Mapping } from "../run_content.ts";

/** A key that some recipes say otherwise than others. */
export interface RecipeDifference {
  key: string;
  /** What each says, as text; null: it has no such key. */
  values: (string | null)[];
}

/**
 * Keys in which recipes differ, by their paths, in the order of the first that has them. A key that is null and one that
 * is not there are the same: a recipe of an earlier version has not all keys of today's.
 */
export function recipeDifferences(recipes: readonly Mapping[]): RecipeDifference[] {
  const leaves = recipes.map((recipe) =>
    new Map(leavesOf(recipe, { number: String }).filter(([, text]) => text !== "null"))
  );
  const keys = new Set(leaves.flatMap((one) => [...one.keys()]));
  return [...keys].map((key) => ({ key, values: leaves.map((one) => one.get(key) ?? null) }))
    .filter(({ values }) => values.some((value) => value !== values[0]));
}
