/**
 * A set of 1.2 million images, as ImageNet is: training starts soon, and the listing does not fill the memory.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { definePlugin, type ImageSet, z } from "@seed/core";
import { distill, loadRecipe } from "@seed/core/host";
import { DEFAULTS } from "../cli/defaults.ts";

const support = (file: string) => new URL(`./support/${file}`, import.meta.url).href;

/** As many images, all of them the same pixel of one file, listed as archives are: by place. */
export const synthetic = definePlugin({
  kind: "data",
  name: "synthetic-listing",
  apiVersion: 1,
  about: { summary: "Any number of images, for tests" },
  options: z.strictObject({ file: z.string(), images: z.int() }),
  create({ file, images }) {
    const image = (i: number) => ({
      name: `n${`${i % 1000}`.padStart(8, "0")}/${i}.JPEG`,
      ...{ file, offset: 0, length: 3, pixels: { width: 1, height: 1 } },
    });
    const train: ImageSet = { length: images, image };
    return { train, evaluation: null, [Symbol.dispose]() {} };
  },
});

const recipeOf = (folder: string, images: number) =>
  `version: 1
engine: { plugin: "${support("plugins.ts")}#engine" }
data: { plugin: "${import.meta.url}#synthetic", file: ${join(folder, "pixel")}, images: ${images} }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 8 }
teacher: { plugin: "${support("batch_dependent_teacher.ts")}", cache: { views: 8, dir: ${
    join(folder, "cache")
  } } }
student: { plugin: "${support("plugins.ts")}#student" }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-seed" }
train: { batch_size: 4, epochs: 8, lr: 0.1, workers: 1 }
`;

Deno.test("training on 1.2 million listed images starts within 10 seconds and 500 MB", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-listing-" });
  try {
    await Deno.writeFile(join(folder, "pixel"), Uint8Array.of(200, 100, 50));
    await Deno.writeTextFile(join(folder, "recipe.yaml"), recipeOf(folder, 1_200_000));
    const recipe = await loadRecipe(join(folder, "recipe.yaml"), { defaults: DEFAULTS });
    const before = Deno.memoryUsage().rss, started = performance.now();
    let most = before;
    const watch = setInterval(() => most = Math.max(most, Deno.memoryUsage().rss), 5);
    const host = { log: () => {}, signal: new AbortController().signal };
    const options = { out: join(folder, "run"), maxSteps: 3, resume: false };
    await distill(recipe, options, host).finally(() => clearInterval(watch));
    const seconds = (performance.now() - started) / 1000, megabytes = (most - before) / 1e6;
    console.log(`${seconds.toFixed(1)} s, ${megabytes.toFixed(0)} MB`);
    assert.ok(seconds < 10, `${seconds} s`);
    assert.ok(megabytes < 500, `${megabytes} MB`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
