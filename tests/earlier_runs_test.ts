/**
 * Folders of runs that earlier versions wrote are read: their recipe is what it meant.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { loadRecipe, RecipeError } from "@seed/core/host";
import { parse } from "yaml";
import { DEFAULTS } from "../cli/defaults.ts";
import { openRun } from "../cli/run_folder.ts";
import { writeSafetensors } from "@seed/core";

const EARLIER = new URL("../core/recipe/testdata/earlier/", import.meta.url);

for (const [name, splits] of [["moco", 1], ["disco", 8]] as const) {
  Deno.test(`the folder of an earlier run with ${name} is opened, and its recipe given to a new run is refused`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "seed-earlier-" }), recipe = join(folder, "recipe.yaml");
    try {
      await Deno.copyFile(new URL(`${name}.yaml`, EARLIER), recipe);
      const weight = { name: "w", shape: [1], data: new Float32Array(1) };
      await writeSafetensors(join(folder, "student.safetensors"), [weight], { input_size: "64" });
      using run = await openRun(folder, { overrides: ["seed=5"], allowPlugins: false });
      assert.equal(run.recipe.train.bn_splits, splits);
      assert.equal(run.recipe.seed, 5);
      const whole = await loadRecipe(recipe, { defaults: DEFAULTS, ofRun: true });
      assert.ok(whole.loggers.every(({ specifier }) => specifier !== "@seed/logger-jsonl"));
      assert.equal(parse(whole.resolved).train.bn_splits, splits);

      const given = await loadRecipe(recipe, { defaults: DEFAULTS }).catch((error) => error);
      assert.ok(given instanceof RecipeError);
      assert.match(
        given.message,
        /The option "bn_splits" of @seed\/objective-moco moved to train\.bn_splits; set it/,
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
