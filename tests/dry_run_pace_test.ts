/**
 * What a dry run times is what a run does: workers make views of later steps while a step is taken.
 *
 * @module
 */
import assert from "node:assert/strict";
import { dryRun, loadRecipe } from "@seed/core/host";
import { DEFAULTS } from "../cli/defaults.ts";
import { ROOT } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { inFolder } from "./support/plugin_context.ts";

const support = new URL("./support/plugins.ts", import.meta.url).href;
const BATCH = 4;

const recipeOf = (images: string, cache: string) =>
  `version: 1
engine: { plugin: "${support}#engine" }
data: { plugin: "@seed/data-image-folder", root: ${images} }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 8 }
teacher: { plugin: "${ROOT}examples/my_teacher.ts", cells: 4, cache: ${cache} }
student: { plugin: "${support}#student" }
queue: { plugin: "@seed/queue-fifo", size: 8 }
objective: { plugin: "@seed/objective-seed" }
train: { batch_size: ${BATCH}, epochs: 9, lr: 0.1, workers: 1 }
`;

/** Of many images, of a batch of them, and of made-up ones, which are no more. */
const CASES = [
  { cache: "null", images: 20, standIn: null, steps: 3 },
  { cache: "{ views: 1 }", images: 20, standIn: null, steps: 5 },
  { cache: "{ views: 1 }", images: BATCH, standIn: null, steps: 5 },
  { cache: "{ views: 2 }", images: BATCH, standIn: 1000, steps: 5 },
];

for (const { cache, images, standIn, steps } of CASES) {
  const name = `${cache}, images: ${standIn === null ? images : "made up"}`;
  Deno.test(`a dry run makes views of steps to come until its last is timed, with the teacher's cache: ${name}`, () =>
    inFolder(async (folder) => {
      await makeImageFolder(`${folder}/images`, { train: images }, ["rows"]);
      await Deno.writeTextFile(`${folder}/recipe.yaml`, recipeOf(`${folder}/images`, cache));
      const recipe = await loadRecipe(`${folder}/recipe.yaml`, { defaults: DEFAULTS });
      const host = { log() {}, signal: new AbortController().signal };
      const data = recipe.data.plugin,
        teacher = recipe.teacher!.plugin;
      let asked = 0, seen = 0;
      const countedData: typeof data = {
        ...data,
        async create(options, context) {
          const source = await data.create(options, context), { train } = source;
          const image = (i: number) => (asked++, train.image(i));
          return { ...source, train: Object.create(train, { image: { value: image } }) };
        },
      };
      const countedTeacher: typeof teacher = {
        ...teacher,
        async create(options, context) {
          const made = await teacher.create(options, context);
          const embed = (images: Parameters<typeof made.embed>[0]) => (seen++, made.embed(images));
          return Object.create(made, {
            embed: { value: embed },
            [Symbol.dispose]: { value: () => made[Symbol.dispose]() },
          });
        },
      };
      const counting = {
        ...recipe,
        data: { ...recipe.data, plugin: countedData },
        teacher: { ...recipe.teacher!, plugin: countedTeacher },
      };
      const dry = await dryRun(counting, { out: null, maxSteps: null, standIn }, host);
      assert.ok(Number.isFinite(dry.loss));
      assert.ok(
        asked >= BATCH * (steps + 3),
        `views of ${asked / BATCH} batches were made for ${steps} steps`,
      );
      // It sees what fresh steps show it, three of them; without a cache a batch ahead too.
      assert.ok(
        seen >= 3 && seen <= 3 + (cache === "null" ? 1 : 0),
        `the teacher was asked ${seen} times`,
      );
    }));
}
