import assert from "node:assert/strict";
import type { EmbeddedSet } from "@seed/core";
import { checkEvaluator } from "@seed/core/conformance";
import { EagerEngine } from "@seed/engine-eager";
import plugin from "./my_plugin.ts";

/** What every plugin is given; an evaluator also has an engine. The eager one installs nothing. */
const context = {
  ...{ seed: 0, cacheDir: "cache", log: console.error, signal: new AbortController().signal },
  resolve: (path: string) => path,
};

Deno.test("my-plugin keeps an evaluator's promises", async (t) => {
  const engine = await EagerEngine.open(), options = plugin.options.parse({});
  assert.deepEqual(plugin.needs!({ k: 3 }), { labels: true, gallery: 4 });
  const make = () => plugin.create(options, { ...context, engine });
  await checkEvaluator(t, { make, needs: plugin.needs!(options) });
});

/** Rows of two values, and the class of each. */
function embedded(rows: [number, number][], labels: number[]): EmbeddedSet {
  const image = (i: number) => ({ name: `${i}`, file: `${i}.jpg` });
  const images = { length: rows.length, image, label: (i: number) => labels[i], classNames: ["a", "b"] };
  return { features: Float32Array.from(rows.flat()), featureDim: 2, images };
}

Deno.test("my-plugin counts the queries whose nearest image is of their class", async () => {
  const engine = await EagerEngine.open(), evaluator = await plugin.create({ k: 1 }, { ...context, engine });
  const gallery = embedded([[1, 0], [0, 1]], [0, 1]), queries = embedded([[2, 1], [3, 1]], [0, 1]);
  assert.deepEqual(await evaluator.evaluate({ subject: { gallery, queries }, teacher: null }), { hits: 0.5 });
});
