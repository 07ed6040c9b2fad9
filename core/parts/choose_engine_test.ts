import assert from "node:assert/strict";
import { parse } from "yaml";
import type { EngineChoiceContext } from "../interfaces/plugin.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { openEngine, withChosenEngine } from "./choose_engine.ts";

const host = { log: () => {}, signal: new AbortController().signal };
const RESOLVED = "version: 1\nseed: 3\nengine:\n  plugin: test-chooser\n  device: auto\ndata:\n  plugin: x\n";

/** A recipe whose engine chooses the engine without a download; `asked` gets what it is told. */
function recipeOf(asked: EngineChoiceContext[], choose = true): Recipe {
  const plugin = {
    name: "test-chooser",
    create: () => assert.fail("an engine that chooses is created"),
    ...choose && {
      choose: (_: unknown, context: EngineChoiceContext) => {
        asked.push(context);
        return Promise.resolve({ plugin: "@seed/engine-eager", options: {} });
      },
    },
  };
  const engine = { plugin, options: {}, specifier: "test-chooser", device: "auto", trace: true };
  return { seed: 3, engine, resolved: RESOLVED } as unknown as Recipe;
}

Deno.test("the engine that is chosen is opened in place of the one that chooses", async () => {
  const asked: EngineChoiceContext[] = [];
  await using engine = await openEngine(recipeOf(asked), host, 2);
  assert.equal(engine.name, "eager");
  assert.deepEqual(asked.map(({ device, processes, seed }) => [device, processes, seed]), [["auto", 2, 3]]);
});

Deno.test("a recipe with its chosen engine names it, and is asked no more", async () => {
  const asked: EngineChoiceContext[] = [];
  const processes = { rank: 1, hosts: ["a", "b", "b", "b"] };
  const recipe = await withChosenEngine(recipeOf(asked), host, processes);
  assert.equal(recipe.engine.specifier, "@seed/engine-eager");
  assert.deepEqual(parse(recipe.resolved), {
    version: 1,
    seed: 3,
    engine: { plugin: "@seed/engine-eager", device: "auto", trace: true },
    data: { plugin: "x" },
  });
  await using _engine = await openEngine(recipe, host, 1);
  assert.deepEqual(asked.map(({ processes }) => processes), [3], "those of its host");
});

Deno.test("an engine that does not choose is the recipe's", async () => {
  const recipe = recipeOf([], false);
  assert.equal(await withChosenEngine(recipe, host, null), recipe);
});
