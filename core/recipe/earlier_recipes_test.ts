import assert from "node:assert/strict";
import { parse } from "yaml";
import { fromEarlier } from "./earlier_recipes.ts";

/** The `recipe.yaml` of a run, as version 0.1.0 wrote it before `bn_splits` moved and the core wrote metrics itself. */
async function earlier(name: string): Promise<Record<string, unknown>> {
  return parse(await Deno.readTextFile(new URL(`./testdata/earlier/${name}.yaml`, import.meta.url)));
}

Deno.test("an earlier run's bn_splits are those of its training, and nothing else changes", async () => {
  const { objective, train, ...rest } = await earlier("disco");
  const now = fromEarlier({ objective, train, ...rest });
  assert.deepEqual(now.objective, [
    { plugin: "@seed/objective-moco", weight: 1, temperature: 0.2, momentum: 0.999 },
    { plugin: "@seed/objective-disco", weight: 32 },
  ]);
  assert.deepEqual(now.train, { ...train as object, bn_splits: 8 });
  const { loggers: _, ...others } = rest, { objective: __, train: ___, loggers, ...same } = now;
  assert.deepEqual(same, others);
  assert.deepEqual(loggers, [{ plugin: "@seed/logger-terminal", every_seconds: 10 }]);
});

Deno.test("a single objective's bn_splits move too", async () => {
  const recipe = await earlier("moco"), { objective, train } = fromEarlier(recipe);
  assert.deepEqual(objective, { plugin: "@seed/objective-moco", temperature: 0.2, momentum: 0.99 });
  assert.equal((train as { bn_splits: number }).bn_splits, 1);
});

Deno.test("an earlier run's drops in the midst of an epoch are written where they came", () => {
  const now = (drops: number[], schedule_by = "epoch") => {
    const train = { bn_splits: 1, epochs: 10, schedule: "steps", schedule_by, drops, drop_factor: 0.1 };
    return fromEarlier({ train, loggers: [] }).train as Record<string, unknown>;
  };
  assert.deepEqual(now([6, 7.5, 9.5]).drops, [6, 8]);
  assert.deepEqual(now([7.5, 9.5], "step").drops, [7.5, 9.5]);
  assert.deepEqual(now([9.5]), { bn_splits: 1, epochs: 10, schedule: "constant", schedule_by: "epoch" });
});

Deno.test("a recipe as it is written now stays as it is", async () => {
  const now = fromEarlier(await earlier("moco"));
  assert.deepEqual(fromEarlier(now), now);
  const own = { objective: { plugin: "./mine.ts", bn_splits: 3 }, train: { bn_splits: 2 }, loggers: [] };
  assert.deepEqual(fromEarlier(own), own);
});

Deno.test("what is no recipe is left to be told as one", () => {
  for (
    const odd of [{}, { objective: 3, train: 4, loggers: 5 }, { objective: null, train: {}, loggers: [null] }]
  ) {
    const { loggers } = fromEarlier(odd);
    assert.deepEqual(loggers, (odd as { loggers?: unknown }).loggers);
  }
});
