/**
 * A run from every source that reads files: its images go through the workers, and what is made up for a dry run
 * leaves nothing behind.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { dryRun, loadRecipe } from "@seed/core/host";
import { DEFAULTS } from "../cli/defaults.ts";
import { ROOT } from "./support/cli.ts";
import { inFolder } from "./support/plugin_context.ts";

const support = new URL("./support/plugins.ts", import.meta.url).href;

const recipeOf = (data: string) =>
  `version: 1
engine: { plugin: "${support}#engine" }
data: ${data}
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 8 }
teacher: { plugin: "${ROOT}examples/my_teacher.ts", cells: 4 }
student: { plugin: "${support}#student" }
queue: { plugin: "@seed/queue-fifo", size: 8 }
objective: { plugin: "@seed/objective-seed" }
train: { batch_size: 4, epochs: 2, lr: 0.1, workers: 1 }
`;

const SOURCES = [
  '{ plugin: "@seed/data-image-folder", root: nowhere }',
  '{ plugin: "@seed/data-webdataset", root: "nowhere-{000..146}.tar", queries: nowhere.tar }',
  '{ plugin: "@seed/data-tsv", root: nowhere }',
  '{ plugin: "@seed/data-list", root: nowhere.txt }',
  '{ plugin: "@seed/data-cifar", root: nowhere }',
  '{ plugin: "@seed/data-cifar", root: nowhere, variant: cifar100, download: true }',
  '{ plugin: "@seed/data-fashion-mnist", root: nowhere, download: true }',
];

for (const data of SOURCES) {
  Deno.test(`a dry run without the files of ${data}`, () =>
    inFolder(async (folder) => {
      const before = Deno.env.get("SEED_CACHE_DIR"), cache = join(folder, "cache");
      await Deno.mkdir(cache);
      Deno.env.set("SEED_CACHE_DIR", cache);
      try {
        const path = join(folder, "recipe.yaml"), logged: string[] = [];
        await Deno.writeTextFile(path, recipeOf(data));
        const recipe = await loadRecipe(path, { defaults: DEFAULTS });
        const host = { log: (line: string) => void logged.push(line), signal: new AbortController().signal };
        const dry = await dryRun(recipe, { out: null, maxSteps: null, standIn: 100 }, host);
        assert.deepEqual([dry.images, dry.steps, dry.stand_in], [100, 50, true]);
        assert.ok(Number.isFinite(dry.loss));
        assert.deepEqual([...Deno.readDirSync(cache)], [], "nothing stays in the cache");
      } finally {
        if (before === undefined) Deno.env.delete("SEED_CACHE_DIR");
        else Deno.env.set("SEED_CACHE_DIR", before);
      }
    }));
}
