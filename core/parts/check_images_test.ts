import assert from "node:assert/strict";
import type { DataSource, ImageSet } from "../interfaces/data_source.ts";
import type { EvaluatorNeeds } from "../interfaces/plugin.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { fillNeeds } from "../recipe/objective_needs.ts";
import { checkImages } from "./check_images.ts";

/** A recipe as far as it is looked at. */
function recipe(
  { size = 64, rowsPerImage = 1, needs = {}, cache = null as unknown, train = {} } = {},
): Recipe {
  const queue = { plugin: { tells: () => ({ rows: size }) }, options: {} };
  const evaluator = { plugin: { name: "@seed/evaluator-knn", needs: () => needs }, options: {} };
  return {
    objectives: [{ needs: fillNeeds({ queue: true, rowsPerImage }), queue: null }],
    ...{ queue, teacher: cache && { cache }, evaluate: { evaluators: [evaluator] } },
    train: { batch_size: 16, epochs: 10, schedule_by: "epoch", warmup_epochs: 0, ...train },
  } as unknown as Recipe;
}

const set = (length: number, classNames?: string[]): ImageSet => ({
  length,
  image: (i) => ({ name: `${i}`, file: `${i}` }),
  ...classNames && { label: () => 0, classNames },
});

/** Data to train on, with a gallery and queries. */
function data(images: number, gallery = set(4, ["a"]), queries = set(4, ["a"])): DataSource {
  return { train: set(images), evaluation: { gallery, queries }, [Symbol.dispose]() {} };
}

/** What is said of a recipe with so many images. */
function warnings(of: Recipe, images: number): string[] {
  const lines: string[] = [];
  checkImages(of, data(images), { log: (line) => lines.push(line) });
  return lines;
}

Deno.test("a queue that is many epochs old is warned of with the figures", () => {
  assert.deepEqual(warnings(recipe({ size: 1500 }), 300), []);
  const [warning, ...more] = warnings(recipe({ size: 65_536 }), 300);
  assert.match(warning, /^Warning: a queue of 65,536 holds 218 epochs of your 300 images: /);
  assert.deepEqual(more, []);
  assert.match(warnings(recipe({ size: 65_536, rowsPerImage: 2 }), 300)[0], /holds 109 epochs/);
});

Deno.test("a warm-up that never ends is warned of where there is one", () => {
  const slow = { warmup_epochs: 10, schedule_by: "step" };
  assert.match(
    warnings(recipe({ train: slow }), 100)[0],
    /warmup_epochs 10 does not end within train\.epochs 10/,
  );
  assert.deepEqual(warnings(recipe({ train: { ...slow, warmup_epochs: 9 } }), 100), []);
  assert.deepEqual(warnings(recipe({ train: { ...slow, schedule_by: "epoch" } }), 100), []); // there is none at 16
});

Deno.test("a cache in memory that is never read is warned of", () => {
  const cache = { views: 10, dir: null };
  assert.match(warnings(recipe({ cache }), 100)[0], /no view is seen twice/);
  assert.deepEqual(warnings(recipe({ cache: { ...cache, views: 9 } }), 100), []);
  assert.deepEqual(warnings(recipe({ cache: { ...cache, dir: "c" } }), 100), []); // for other runs
});

Deno.test("an evaluator that needs classes is refused before the engine opens where there are none", () => {
  const check = (of: Recipe, ...sets: ImageSet[]) => checkImages(of, data(100, ...sets), { log: () => {} });
  const without = set(4), labelled = set(4, ["a"]), needy = recipe({ needs: { labels: true } });
  assert.throws(
    () => check(needy, without, without),
    /^RunError: The evaluator knn needs labelled images; the data has no classes: its gallery has none\. /,
  );
  assert.throws(() => check(needy, labelled, without), /its queries have none/);
  check(needy, labelled, labelled);
  check(recipe(), without, without);
});

Deno.test("an evaluator that asks for more images than there are is refused before the engine opens", () => {
  const check = (needs: EvaluatorNeeds) =>
    checkImages(recipe({ needs }), data(100, set(4), set(3)), { log: () => {} });
  check({ gallery: 4, queries: 3 });
  assert.throws(
    () => check({ gallery: 5 }),
    /^RunError: The evaluator knn needs 5 images in the gallery at least, .* has 4\. /,
  );
  assert.throws(() => check({ queries: 4 }), /4 images in the queries at least, .* has 3\. /);
});

Deno.test("fewer images than a batch are refused", () => {
  assert.throws(
    () => warnings(recipe(), 15),
    /^RunError: The data has 15 images, fewer than train\.batch_size 16/,
  );
});
