import assert from "node:assert/strict";
import type { Recipe } from "../recipe/recipe.ts";
import { Course } from "./course.ts";

/** A course over 40 images in batches of 10. */
function course(cacheViews: number | null, epochs: number, maxSteps: number | null = null): Course {
  const recipe = {
    teacher: { cache: cacheViews === null ? null : { views: cacheViews } },
    train: { batch_size: 10, epochs },
    checkpoint: { every_steps: null },
    evaluate: { every_epochs: null },
  } as unknown as Recipe;
  return new Course(recipe, { images: 40, standIns: { of: (image) => image }, maxSteps, processes: null });
}

Deno.test("the teacher sees the fixed views in as many epochs, if others follow them", () => {
  assert.equal(course(2, 3).lastTaughtStep, 8);
  assert.equal(course(2, 2).lastTaughtStep, null, "no epoch is left that finds them");
  assert.equal(course(2, 3, 8).lastTaughtStep, null);
  assert.equal(course(2, 3, 9).lastTaughtStep, 8);
  assert.equal(course(null, 3).lastTaughtStep, null, "it sees new ones each epoch");
});
