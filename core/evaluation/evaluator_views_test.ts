import assert from "node:assert/strict";
import { z } from "zod";
import { definePlugin, type EvaluatorNeeds, type Plugin } from "../interfaces/plugin.ts";
import { augmenterModule } from "../images/pipeline/augmenter_module.ts";
import * as augmenters from "../images/pipeline/testdata/augmenters.ts";
import { ViewPipeline } from "../images/pipeline/view_pipeline.ts";
import { neededAugmenters, viewMakers } from "./evaluator_views.ts";

const module = new URL("../images/pipeline/testdata/augmenters.ts", import.meta.url).href;

function use(needs?: EvaluatorNeeds) {
  const plugin = definePlugin({
    kind: "evaluator",
    name: "test-evaluator",
    apiVersion: 1,
    about: { summary: "For tests" },
    options: z.strictObject({}),
    needs: needs && (() => needs),
    create: () => ({ name: "test", evaluate: () => Promise.resolve({}) }),
  });
  return { plugin: plugin as Plugin<"evaluator">, options: {} };
}

const blank = { plugin: augmenters.blank, module, exportName: "blank", options: {} } as const;
const counting = { plugin: augmenters.counting, module, exportName: "counting", options: {} } as const;
const wrong = { plugin: augmenters.wrongSize, module, exportName: "wrongSize", options: {} } as const;
const USES = [
  use({ augmenters: { dark: blank } }),
  use(),
  use({ augmenters: { dark: counting, odd: wrong } }),
];

Deno.test("each evaluator has views by its own augmenters, on the pipeline that training uses", async () => {
  const own = { ...counting, plugin: counting.plugin as Plugin<"augmenter"> };
  await using pipeline = await ViewPipeline.start({
    augmenters: [own, ...neededAugmenters(USES)].map(augmenterModule),
    ...{ workers: 2, seed: 0 },
  });
  const [first, none, third] = viewMakers(USES, pipeline, 1);
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeFile(file, Uint8Array.of(9, 9, 9));
    const images = [{ name: "one", file, pixels: { width: 1, height: 1 } }];
    const made = async (views: typeof first, request: { augmenter?: string; keys?: number[][] }) => {
      const batches = [];
      for await (const { pixels } of views.batches([{ images, size: 1, ...request }])) {
        batches.push([...pixels]);
      }
      return batches;
    };
    const keys = [[0]];
    assert.deepEqual(await made(first, { augmenter: "dark", keys }), [[0, 0, 0]]);
    assert.deepEqual(await made(third, { augmenter: "dark", keys }), [[1, 1, 1]]);
    await assert.rejects(made(third, { augmenter: "odd", keys }), /returned 1 bytes for a view of 1 px/);
    for (const views of [first, none, third]) assert.deepEqual(await made(views, {}), [[9, 9, 9]]);
    await assert.rejects(made(first, { augmenter: "odd", keys }), {
      message:
        'test-evaluator asks for views of the augmenter "odd", and its "needs" names "dark"; name it there',
    });
    await assert.rejects(made(none, { keys }), /views of the augmenter "", and its "needs" names none/);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("options of an augmenter that an evaluator needs are checked as a recipe's are", () => {
  const mistaken = use({ augmenters: { dark: { ...blank, options: { colour: 3 } } } });
  assert.throws(() => neededAugmenters([mistaken]), /colour/);
  assert.deepEqual(neededAugmenters(USES).map(({ exportName }) => exportName), [
    "blank",
    "counting",
    "wrongSize",
  ]);
});
