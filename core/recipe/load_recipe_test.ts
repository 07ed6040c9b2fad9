import assert from "node:assert/strict";
import { join } from "node:path";
import { loadRecipe, type RecipeDefaults } from "./load_recipe.ts";
import type { Recipe } from "./recipe.ts";
import { RecipeError } from "./recipe_file.ts";

const PLUGINS = new URL("./testdata/plugins.ts", import.meta.url).href;

const DEFAULTS: RecipeDefaults = {
  engine: `${PLUGINS}#engine`,
  loggers: [`${PLUGINS}#logger`],
  evaluatorPackage: (key) => key === "knn" ? `${PLUGINS}#evaluator` : `@seed/evaluator-${key}`,
};

/** A line a section, so that tests can tell what is where. */
const SECTIONS = {
  version: "1",
  seed: "7",
  data: `{ plugin: "${PLUGINS}#data", root: images }`,
  augmenter: `{ plugin: "${PLUGINS}#augmenter", size: 64 }`,
  teacher: `{ plugin: "${PLUGINS}#teacher", weights: teacher.pth }`,
  student: `{ plugin: "${PLUGINS}#student", variant: b0 }`,
  queue: `{ plugin: "${PLUGINS}#queue", size: 64 }`,
  objective: `{ plugin: "${PLUGINS}#objective" }`,
  train: "{ batch_size: 16, epochs: 10, lr: 0.03 }",
};

type Changed = Record<string, string | null>;

/** The recipe with sections replaced, added, or taken out (null). */
function text(changed: Changed = {}): string {
  return Object.entries({ ...SECTIONS, ...changed }).filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}: ${value}\n`).join("");
}

async function load(source: string, overrides: string[] = [], name = "recipe.yaml"): Promise<Recipe> {
  const folder = await Deno.makeTempDir({ prefix: "seed-recipe-" });
  try {
    await Deno.writeTextFile(join(folder, name), source);
    return await loadRecipe(join(folder, name), { overrides, defaults: DEFAULTS });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The problems that a recipe is refused for, without the folder, the source lines and the carets. */
async function problems(source: string, overrides: string[] = []): Promise<string[]> {
  const error = await load(source, overrides).then(() => null, (error) => error);
  assert.ok(error instanceof RecipeError, `expected a RecipeError, got ${error}`);
  return error.message.split("\n").filter((line) => !line.startsWith("    ")).map((line) =>
    line.replace(/^.*\/recipe\.yaml/, "recipe.yaml").replaceAll(PLUGINS, "PLUGINS")
  );
}

Deno.test("a recipe gives its plugins their options, and everything else its defaults", async () => {
  const recipe = await load(text(), [], "small.yaml");
  assert.equal(recipe.name, "small");
  assert.equal(recipe.seed, 7);
  assert.equal(recipe.data.plugin.name, "test-data");
  assert.deepEqual(recipe.data.options, { root: "images" });
  assert.equal(recipe.data.shuffle, true);
  assert.deepEqual(recipe.augmenter.options, { size: 64, blur: { sigma: 2, probability: 0.5 } });
  assert.deepEqual([recipe.engine.device, recipe.engine.trace], ["auto", true]);
  assert.equal(recipe.teacher!.cache, null);
  assert.deepEqual(recipe.train, {
    bn_splits: 1,
    mixup: false,
    batch_size: 16,
    epochs: 10,
    lr: 0.03,
    scale_lr: false,
    schedule: "cosine",
    schedule_by: "epoch",
    warmup_epochs: 0,
    optimizer: "sgd",
    momentum: 0.9,
    nesterov: false,
    weight_decay: 1e-4,
    weight_decay_on: "all",
    head_lr: null,
    freeze: [],
    clip_grad_norm: null,
    accumulate: 1,
    precision: "fp32",
    ema: null,
    workers: "auto",
  });
  assert.deepEqual(recipe.checkpoint, { every_steps: null, keep: 3 });
  assert.deepEqual(recipe.evaluate.evaluators, []);
  assert.equal(recipe.loggers[0].plugin.name, "test-logger");
  // How a worker thread finds the plugin.
  assert.deepEqual([recipe.augmenter.module, recipe.augmenter.exportName], [PLUGINS, "augmenter"]);
});

Deno.test("the teacher, the seed and what has defaults may be left out; an evaluator needs no plugin", async () => {
  const evaluate = "{ knn: , every_epochs: 5 }", objective = needing("{ queue: true }");
  const recipe = await load(text({ teacher: null, seed: null, evaluate, objective }));
  assert.equal(recipe.teacher, null);
  assert.equal(recipe.seed, 0);
  assert.equal(recipe.evaluate.every_epochs, 5);
  assert.deepEqual(recipe.evaluate.evaluators.map(({ options }) => options), [{ k: 20 }]);
});

const MISTAKES: Record<string, [changed: Changed, expected: string[]]> = {
  "a misspelt section": [{ augmentr: "{}", augmenter: null }, [
    'recipe.yaml:1:1: The recipe lacks the section "augmenter"',
    'recipe.yaml:9:1: Unknown section "augmentr". Did you mean "augmenter"?',
  ]],
  "a section that nothing is like": [{ optimizer: "{}" }, [
    'recipe.yaml:10:1: Unknown section "optimizer". The sections are version, seed, engine, data, augmenter, ' +
    "small_patches, teacher, student, queue, objective, train, evaluate, checkpoint, loggers",
  ]],
  "a misspelt option of train, once": [{ train: "{ batchsize: 16, epochs: 10, lr: 0.03 }" }, [
    'recipe.yaml:9:10: Unknown option "batchsize" of train. Did you mean "batch_size"?',
  ]],
  "a misspelt option of a plugin": [{ augmenter: `{ plugin: "${PLUGINS}#augmenter", sise: 64 }` }, [
    `recipe.yaml:4:${
      15 + PLUGINS.length + 21
    }: Unknown option "sise" of test-augmenter. Did you mean "size"?`,
  ]],
  "a misspelt option within an option": [{
    augmenter: `{ blur: { sigam: 1 }, plugin: "${PLUGINS}#augmenter" }`,
  }, [
    'recipe.yaml:4:22: Unknown option "sigam" of test-augmenter. Did you mean "sigma"?',
  ]],
  "a misspelt key of the core's beside a plugin's": [{
    data: `{ shufle: false, root: x, plugin: "${PLUGINS}" }`,
  }, [
    'recipe.yaml:3:9: Unknown option "shufle" of test-data. Did you mean "shuffle"?',
  ]],
  "an option that nothing is like": [{ objective: `{ alpha: 1, plugin: "${PLUGINS}#objective" }` }, [
    'recipe.yaml:8:14: Unknown option "alpha" of test-objective. It has "temperature", "parts", "plugin"',
  ]],
  "misspelt options of the other sections": [{
    engine: "{ trase: false }",
    teacher: `{ wheights: a, plugin: "${PLUGINS}#teacher" }`,
    student: `{ varaint: b0, plugin: "${PLUGINS}#student" }`,
    queue: `{ sice: 64, plugin: "${PLUGINS}#queue" }`,
    evaluate: "{ knn: { n: 1 } }",
    loggers: `[{ plugin: "${PLUGINS}#logger", evry: 1 }]`,
  }, [
    'recipe.yaml:5:12: Unknown option "wheights" of test-teacher. Did you mean "weights"?',
    'recipe.yaml:6:12: Unknown option "varaint" of test-student. Did you mean "variant"?',
    'recipe.yaml:7:10: Unknown option "sice" of test-queue. Did you mean "size"?',
    'recipe.yaml:10:11: Unknown option "trase" of test-engine. Did you mean "trace"?',
    'recipe.yaml:11:20: Unknown option "n" of test-evaluator. Did you mean "k"?',
    `recipe.yaml:12:${22 + PLUGINS.length + 10}: Unknown option "evry" of test-logger. Did you mean "every"?`,
  ]],
  "misspelt keys of sections without a plugin": [{
    evaluate: "{ every_epoch: 1 }",
    checkpoint: "{ every_step: 1 }",
  }, [
    'recipe.yaml:10:13: Unknown option "every_epoch" of evaluate. Did you mean "every_epochs"?',
    'recipe.yaml:11:15: Unknown option "every_step" of checkpoint. Did you mean "every_steps"?',
  ]],
  "missing sections": [{ data: null, student: null, train: null }, [
    'recipe.yaml:1:1: The recipe lacks the section "data"',
    'recipe.yaml:1:1: The recipe lacks the section "student"',
    'recipe.yaml:1:1: The recipe lacks the section "train"',
  ]],
  "a missing option": [{ data: `{ plugin: "${PLUGINS}#data" }` }, [
    'recipe.yaml:3:1: The option "root" of test-data is missing: expected text',
  ]],
  "a missing plugin": [{ queue: "{ size: 64 }" }, [
    'recipe.yaml:7:1: The option "plugin" of the section "queue" is missing: expected text',
  ]],
  "a missing version": [{ version: null }, ['recipe.yaml:1:1: The recipe lacks "version: 1"']],
  "another version": [{ version: "2" }, ["recipe.yaml:1:10: Expected version 1, got 2"]],
  "wrong types and values of train": [{
    train:
      "{ batch_size: big, epochs: 1.5, lr: 0, momentum: 1, schedule: linear, workers: none, warmup_epochs: -1 }",
  }, [
    'recipe.yaml:9:22: Expected a number, got "big"',
    "recipe.yaml:9:35: Expected a whole number, got 1.5",
    "recipe.yaml:9:44: Expected a number of more than 0, got 0",
    "recipe.yaml:9:57: Expected a number of less than 1, got 1",
    'recipe.yaml:9:70: Expected "cosine", "constant" or "steps", got "linear"',
    'recipe.yaml:9:87: Expected "auto" or a number, got "none"',
    "recipe.yaml:9:108: Expected a number of at least 0, got -1",
  ]],
  "wrong types elsewhere": [{
    seed: "-1",
    data: "images",
    queue: "[1]",
    checkpoint: "{ every_steps: often, keep: 0 }",
    loggers: "terminal",
  }, [
    "recipe.yaml:2:7: Expected a number of at least 0, got -1",
    'recipe.yaml:3:7: Expected a mapping such as { plugin: NAME }, got "images"',
    "recipe.yaml:7:8: Expected a mapping such as { plugin: NAME }, got [1]",
    'recipe.yaml:10:28: Expected a number, got "often"',
    "recipe.yaml:10:41: Expected a number of more than 0, got 0",
    "recipe.yaml:11:10: Expected a list such as [{ plugin: NAME }]",
  ]],
  "wrong types of a plugin's options": [{
    augmenter: `{ plugin: "${PLUGINS}#augmenter", size: 4, blur: 1 }`,
  }, [
    `recipe.yaml:4:${15 + PLUGINS.length + 27}: Expected a number of at least 8, got 4`,
    `recipe.yaml:4:${15 + PLUGINS.length + 36}: Expected a mapping, got 1`,
  ]],
  "an option that does not fit the rest of the recipe": [{
    queue: `{ size: 60, plugin: "${PLUGINS}#queue" }`,
  }, [
    "recipe.yaml:7:16: 60 does not fit 16",
  ]],
  "a cache that keeps embeddings as nothing can": [{
    teacher: `{ cache: { views: 1, precision: bf16 }, weights: a, plugin: "${PLUGINS}#teacher" }`,
  }, [
    'recipe.yaml:5:42: Expected "fp16" or "fp32", got "bf16"',
  ]],
};

Deno.test("loggers that a recipe names are added to the usual ones; one that is usual is there once", async () => {
  const loggersOf = async (loggers: string) => (await load(text({ loggers }))).loggers;
  const names = (uses: { specifier: string }[]) => uses.map(({ specifier }) => specifier);
  const usual = `${PLUGINS}#logger`, other = `${PLUGINS}#other_logger`;
  assert.deepEqual(names(await loggersOf(`[{ plugin: "${other}" }]`)), [other, usual]);
  const [configured, ...more] = await loggersOf(`[{ plugin: "${usual}", every: 1 }]`);
  assert.deepEqual([configured.options, more], [{ every: 1 }, []]);
  assert.deepEqual(names(await loggersOf("[]")), [usual]);
});

Deno.test("a recipe that names the logger which wrote metrics.jsonl is told that it is not needed", async () => {
  const [problem, ...more] = await problems(text({ loggers: '[{ plugin: "@seed/logger-jsonl" }]' }));
  assert.match(
    problem,
    /: "@seed\/logger-jsonl" is not needed any more: every run writes metrics\.jsonl; take it/,
  );
  assert.deepEqual(more, []);
});

for (const [what, [changed, expected]] of Object.entries(MISTAKES)) {
  Deno.test(`a recipe with ${what} is refused with every problem's place`, async () => {
    assert.deepEqual(await problems(text(changed)), expected);
  });
}

Deno.test("an optimizer has keys of its own, and no others", async () => {
  const train = "batch_size: 16, epochs: 10, lr: 0.03";
  const trainOf = async (keys: string) => (await load(text({ train: `{ ${train}, ${keys} }` }))).train;
  assert.deepEqual(
    await trainOf("optimizer: adamw").then((t) => t.optimizer === "adamw" && [t.betas, t.epsilon]),
    [
      [0.9, 0.999],
      1e-8,
    ],
  );
  const lars = await trainOf("optimizer: lars, momentum: 0.8");
  assert.ok(lars.optimizer === "lars");
  assert.deepEqual([lars.momentum, lars.trust_coefficient], [0.8, 0.001]);
  const refused = async (keys: string) => await problems(text({ train: `{ ${train}, ${keys} }` }));
  assert.deepEqual(
    (await refused("optimizer: adamw, momentum: 0.9")).map((line) => line.slice(0, 83)),
    ['recipe.yaml:9:66: Unknown option "momentum" of train with the optimizer adamw. It h'],
  );
  assert.match(
    (await refused("optimizer: adam"))[0],
    /^recipe\.yaml:9:59: Expected "sgd", "lars" or "adamw", got "adam"$/,
  );
  const without = await trainOf("optimizer: adamw, momentum: null, nesterov: null");
  assert.equal("momentum" in without, false);
  assert.deepEqual(await refused("accumulate: 3"), [
    "recipe.yaml:9:60: Expected a divisor of train.batch_size 16, got 3",
  ]);
});

Deno.test("a schedule has keys of its own, and drops that come before the end", async () => {
  const given = "batch_size: 16, epochs: 10, lr: 0.03";
  const trainOf = async (keys: string) => (await load(text({ train: `{ ${given}, ${keys} }` }))).train;
  const train = await trainOf("schedule: steps, drops: [6, 8]");
  assert.deepEqual(train.schedule === "steps" && [train.drops, train.drop_factor], [[6, 8], 0.1]);
  assert.equal("drops" in await trainOf("schedule: constant, drops: null, drop_factor: null"), false);
  const refused = async (keys: string) => await problems(text({ train: `{ ${given}, ${keys} }` }));
  assert.deepEqual(await refused("schedule: steps"), [
    'recipe.yaml:9:1: The option "drops" of train with the schedule steps is missing: expected a list',
  ]);
  assert.match(
    (await refused("schedule: cosine, drops: [6]"))[0],
    /^recipe\.yaml:9:66: Unknown option "drops" of train with the schedule cosine\. /,
  );
  assert.deepEqual(await refused("schedule: steps, drops: [6, 10], drop_factor: 0.5"), [
    "recipe.yaml:9:76: Expected less than train.epochs 10, got 10",
  ]);
  assert.deepEqual(await refused("schedule: steps, drops: [6, 9.5]"), [
    "recipe.yaml:9:76: Expected a whole number with train.schedule_by epoch, got 9.5; round it, or set " +
    "train.schedule_by to step",
  ]);
  const byStep = await trainOf("schedule: steps, schedule_by: step, drops: [6, 9.5]");
  assert.deepEqual(byStep.schedule === "steps" && byStep.drops, [6, 9.5]);
  assert.deepEqual(await refused("schedule: steps, drops: [], drop_factor: 2"), [
    "recipe.yaml:9:72: Expected at least 1 entry, got []",
    "recipe.yaml:9:89: Expected a number of less than 1, got 2",
  ]);
});

Deno.test("a plugin is told how many images go through the student at once", async () => {
  const given = (accumulate: number) =>
    text({
      objective: `{ parts: 8, plugin: "${PLUGINS}#objective" }`,
      train: `{ batch_size: 16, epochs: 2, lr: 0.1, accumulate: ${accumulate} }`,
    });
  assert.deepEqual(await problems(given(4)), ["recipe.yaml:8:21: 4 is not 8 parts"]);
  await load(given(2));
});

Deno.test("a section that a recipe can do without may be null", async () => {
  const recipe = await load(
    text({
      teacher: "null",
      queue: "null",
      evaluate: "null",
      small_patches: "null",
      objective: needing("{}"),
    }),
  );
  assert.deepEqual([recipe.teacher, recipe.queue, recipe.smallPatches], [null, null, []]);
  assert.deepEqual(recipe.evaluate.evaluators, []);
});

Deno.test("a recipe may sum objectives, and have small patches; what it resolves to means the same", async () => {
  const source = text({
    objective: `[{ plugin: "${PLUGINS}#objective" }, ` +
      `{ plugin: "${PLUGINS}#objective", weight: 0.5, queue: { plugin: "${PLUGINS}#queue", size: 32 } }]`,
    small_patches: `{ augmenter: { plugin: "${PLUGINS}#augmenter", size: 24 }, count: 3 }`,
  });
  const check = ({ objectives, smallPatches }: Recipe) => {
    assert.deepEqual(objectives.map(({ weight, queue }) => [weight, queue?.options]), [[1, undefined], [0.5, {
      size: 32,
    }]]);
    const [{ count, weight, queue, augmenter }] = smallPatches;
    assert.deepEqual([count, weight, queue], [3, 1, null]);
    assert.equal((augmenter.options as { size: number }).size, 24);
  };
  const recipe = await load(source);
  check(recipe);
  const again = await load(recipe.resolved);
  check(again);
  assert.equal(again.resolved, recipe.resolved);
});

Deno.test("small patches may be several streams, in a list; what it resolves to means the same", async () => {
  const patches = (size: number, keys: string) =>
    `{ augmenter: { plugin: "${PLUGINS}#augmenter", size: ${size} }, ${keys} }`;
  const check = ({ smallPatches }: Recipe) => {
    const facts = smallPatches.map(({ count, weight, queue, augmenter }) => [
      ...[count, weight, queue?.options],
      (augmenter.options as { size: number }).size,
    ]);
    assert.deepEqual(facts, [[2, 1, undefined, 24], [6, 0.5, { size: 32 }, 12]]);
  };
  const queue = `queue: { plugin: "${PLUGINS}#queue", size: 32 }`;
  const list = `[${patches(24, "count: 2")}, ${patches(12, `weight: 0.5, ${queue}`)}]`;
  const recipe = await load(text({ small_patches: list })), again = await load(recipe.resolved);
  check(recipe);
  check(again);
  assert.equal(again.resolved, recipe.resolved);
  assert.deepEqual((await load(text({ small_patches: "[]" }))).smallPatches, []);
});

const STREAM_MISTAKES: Record<string, [Changed, string]> = {
  "no objective in the list": [
    { objective: "[]" },
    "recipe.yaml:8:12: Expected an objective, got an empty list",
  ],
  "an objective that is no mapping": [
    { objective: "[3]" },
    "recipe.yaml:8:13: Expected a mapping such as { plugin: NAME }, got 3",
  ],
  "patches without an augmenter": [
    { small_patches: "{ count: 2 }" },
    'recipe.yaml:10:1: The section small_patches lacks "augmenter"',
  ],
  "patches without an augmenter in a list": [
    { small_patches: `[{ augmenter: { plugin: "${PLUGINS}#augmenter", size: 24 } }, { count: 2 }]` },
    'The section small_patches lacks "augmenter"',
  ],
  "a queue of patches that does not fit": [
    {
      small_patches:
        `{ augmenter: { plugin: "${PLUGINS}#augmenter", size: 24 }, queue: { size: 5, plugin: "${PLUGINS}#queue" } }`,
    },
    "5 does not fit 16",
  ],
};

for (const [what, [changed, expected]] of Object.entries(STREAM_MISTAKES)) {
  Deno.test(`a recipe with ${what} is refused at the place`, async () => {
    const [first, ...more] = await problems(text(changed));
    assert.ok(first.endsWith(expected), first);
    assert.deepEqual(more, []);
  });
}

Deno.test("a problem shows its line and points at its column", async () => {
  await assert.rejects(load("# a recipe\n" + text({ train: "{ batch_size: 16, epochs: 10, ln: 0.03 }" })), {
    message:
      /recipe\.yaml:10:38: Unknown option "ln" of train\. Did you mean "lr"\?\n {4}train: \{.*\}\n {41}\^$/,
  });
});

const PLUGIN_MISTAKES: Record<string, [plugin: string, says: RegExp]> = {
  "a name that nothing has": [
    "@seed/data-nowhere",
    /: There is no plugin "@seed\/data-nowhere"; `deno task ls plug/,
  ],
  "a file that is not there": [
    "./nowhere.ts",
    /: Cannot load the plugin "\.\/nowhere\.ts": Module not found/,
  ],
  "an export that is not there": [
    `${PLUGINS}#nowhere`,
    /: The module "PLUGINS" has no export "nowhere" \(it exports/,
  ],
  "a module that exports nothing": [
    new URL("./testdata/empty.ts", import.meta.url).href,
    /has no export "default" \(it exports nothing\); export a plugin made with definePlugin$/,
  ],
  "a module that throws": [
    new URL("./testdata/throws.ts", import.meta.url).href,
    /: Cannot load the plugin ".*throws\.ts": No coffee$/,
  ],
  "a plugin of another kind": [
    `${PLUGINS}#queue`,
    /"PLUGINS#queue" is a plugin of kind "queue", expected "data"$/,
  ],
  "another API version": [
    `${PLUGINS}#old`,
    /"PLUGINS#old" is written for plugin API version 0, this is version 1$/,
  ],
  "an export that is null": [`${PLUGINS}#nothing`, /"PLUGINS#nothing" is no plugin: it must have kind, name/],
  "an export that is text": [`${PLUGINS}#text`, /"PLUGINS#text" is no plugin/],
  "options that are no schema": [`${PLUGINS}#withoutOptions`, /"PLUGINS#withoutOptions" is no plugin/],
};

for (const [what, [plugin, says]] of Object.entries(PLUGIN_MISTAKES)) {
  Deno.test(`a plugin that is ${what} is refused at its place`, async () => {
    const found = await problems(text({ data: `{ plugin: "${plugin}", root: images }` }));
    assert.equal(found.length, 1);
    assert.match(found[0], /^recipe\.yaml:3:17: /);
    assert.match(found[0], says);
  });
}

Deno.test("a plugin's path starts at the recipe, and #export picks one of several", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-recipe-" });
  try {
    await Deno.mkdir(join(folder, "plugins"));
    await Deno.mkdir(join(folder, "recipes"));
    await Deno.writeTextFile(join(folder, "plugins", "mine.ts"), `export * from "${PLUGINS}";`);
    const path = join(folder, "recipes", "mine.yaml");
    await Deno.writeTextFile(path, text({ data: '{ plugin: "../plugins/mine.ts#data", root: images }' }));
    const recipe = await loadRecipe(path, { defaults: DEFAULTS });
    assert.equal(recipe.data.plugin.name, "test-data");
    // Written out, the recipe works from anywhere.
    const moved = join(folder, "moved.yaml");
    await Deno.writeTextFile(moved, recipe.resolved);
    assert.equal((await loadRecipe(moved, { defaults: DEFAULTS })).data.module, recipe.data.module);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a resolved recipe loads to the same, and needs no defaults", async () => {
  const recipe = await load(
    text({
      teacher: `{ plugin: "${PLUGINS}#teacher", weights: teacher.pth, cache: { views: 2 } }`,
      evaluate:
        `{ knn: { k: 3 }, teacher: { plugin: "${PLUGINS}#teacher", weights: b.pth }, every_epochs: 2 }`,
      loggers: `[{ plugin: "${PLUGINS}#logger", every: 1 }, { plugin: "${PLUGINS}#logger" }]`,
    }),
    ["train.lr=0.5", "seed=3"],
  );
  const folder = await Deno.makeTempDir({ prefix: "seed-recipe-" });
  try {
    const path = join(folder, "recipe.yaml");
    await Deno.writeTextFile(path, recipe.resolved);
    const none = { engine: "none", loggers: [], evaluatorPackage: () => "none" };
    const again = await loadRecipe(path, { defaults: none });
    assert.equal(again.resolved, recipe.resolved);
    const facts = ({ seed, train, teacher, evaluate, loggers, checkpoint }: Recipe) => ({
      seed,
      train,
      checkpoint,
      cache: teacher!.cache,
      every: evaluate.every_epochs,
      options: [teacher, evaluate.teacher, ...evaluate.evaluators, ...loggers].map((use) => use!.options),
    });
    assert.deepEqual(facts(again), facts(recipe));
    assert.equal(again.train.lr, 0.5);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** What an objective may need. */
const needing = (needs: string, more = "") => `{ plugin: "${PLUGINS}#needing", needs: ${needs}${more} }`;
const PATCHES = `{ augmenter: { plugin: "${PLUGINS}#augmenter", size: 24 } }`;

/** The objective stands in line 8, less those of sections before it that are taken out. */
const NEEDS_MISTAKES: Record<string, [changed: Changed, says: string[]]> = {
  "no teacher to learn from": [{ teacher: null, objective: needing("{ teacherViews: [0] }") }, [
    'recipe.yaml:7:22: The objective "PLUGINS#needing" learns from a teacher; add the section "teacher"',
  ]],
  "no teacher to find neighbours by": [
    { teacher: null, objective: needing("{ views: 2, neighbours: { views: [1], bag: 3 } }") },
    ['recipe.yaml:7:22: The objective "PLUGINS#needing" looks for neighbours by the teacher; add the section "teacher"'],
  ],
  "no queue": [{ queue: null, objective: needing("{ queue: true }") }, [
    'recipe.yaml:7:22: The objective "PLUGINS#needing" needs a queue; add the section "queue"',
  ]],
  "small patches of several views": [{ objective: needing("{ views: 4 }"), small_patches: PATCHES }, [
    'recipe.yaml:8:22: The objective "PLUGINS#needing" needs 4 views, and small patches are one each; take small_patches out',
  ]],
  "small patches of several rows": [
    { objective: needing("{ queue: true, rowsPerImage: 2 }"), small_patches: PATCHES },
    [
      'recipe.yaml:8:22: The objective "PLUGINS#needing" enqueues 2 rows an image, and small patches enqueue one; take small_patches out',
    ],
  ],
  "a queue that its rows do not divide": [{
    queue: `{ size: 48, plugin: "${PLUGINS}#queue" }`,
    objective: needing("{ queue: true, rowsPerImage: 2 }"),
  }, ["recipe.yaml:7:16: 48 does not fit 32"]],
  "a queue that the rows of one of two do not divide": [{
    queue: `{ size: 48, plugin: "${PLUGINS}#queue" }`,
    objective: `[${needing("{ queue: true, rowsPerImage: 3 }")}, ${
      needing("{ queue: true, rowsPerImage: 2 }")
    }]`,
  }, ["recipe.yaml:7:16: 48 does not fit 32"]],
  "all of it at once": [
    {
      teacher: null,
      queue: null,
      objective: needing("{ views: 2, teacherViews: [1], queue: true }"),
      small_patches: PATCHES,
    },
    [
      'recipe.yaml:6:22: The objective "PLUGINS#needing" learns from a teacher; add the section "teacher"',
      'recipe.yaml:6:22: The objective "PLUGINS#needing" needs a queue; add the section "queue"',
      'recipe.yaml:6:22: The objective "PLUGINS#needing" needs 2 views, and small patches are one each; take small_patches out',
    ],
  ],
  "nothing to train on": [{ objective: needing("{ studentViews: [] }") }, [
    'recipe.yaml:8:22: The objective "PLUGINS#needing" shows the student no view, so nothing is trained; add one that does',
  ]],
};

for (const [what, [changed, says]] of Object.entries(NEEDS_MISTAKES)) {
  Deno.test(`an objective with ${what} is refused`, async () => {
    assert.deepEqual(await problems(text(changed)), says);
  });
}

Deno.test("objectives may not take a view for different things, nor draw from bags of different sizes", async () => {
  const both = (second: string) =>
    problems(
      text({
        objective: `[${needing("{ views: 2, neighbours: { views: [1], bag: 3 } }")}, ${needing(second)}]`,
      }),
    );
  const [views] = await both("{ views: 3 }"),
    [bags] = await both("{ views: 2, neighbours: { views: [1], bag: 2 } }");
  assert.match(
    views,
    /takes view 1 for the image itself, and "PLUGINS#needing" for a neighbour; take one of them out$/,
  );
  assert.match(
    bags,
    /draws neighbours from bags of 2 images, and "PLUGINS#needing" of 3; make them the same$/,
  );
  await load(
    text({
      queue: null,
      objective: `[${needing("{ views: 2, neighbours: { views: [1], bag: 3 } }")}, ${needing("{}")}]`,
    }),
  );
});

const WRONG_NEEDS: Record<string, [needs: string, says: string]> = {
  "a view that is not there": [
    "{ views: 2, teacherViews: [2] }",
    "shows the teacher view 2, but there are 2, numbered from 0",
  ],
  "a view twice": ["{ views: 2, studentViews: [1, 1] }", "shows the student a view twice: 1, 1"],
  "no view": ["{ views: 0 }", 'says of "views": Expected a number of at least 1, got 0'],
  "a misspelt need": [
    "{ teacherView: [0] }",
    `says of "teacherView": Unknown option "teacherView" of an objective's needs. Did you mean "teacherViews"?`,
  ],
  "a neighbour that is no view": [
    "{ neighbours: { views: [1], bag: 2 } }",
    "draws from neighbours view 1, but there are 1, numbered from 0",
  ],
  "an empty bag": [
    "{ neighbours: { views: [0], bag: 0 } }",
    'says of "neighbours.bag": Expected a number of at least 1, got 0',
  ],
  "rows for no queue": ["{ rowsPerImage: 2 }", "enqueues 2 rows an image, but does not say `queue: true`"],
  "a list": ["[0]", "says that it needs [0], expected a mapping"],
};

for (const [what, [needs, says]] of Object.entries(WRONG_NEEDS)) {
  Deno.test(`an objective's needs that tell ${what} are refused as its author's mistake`, async () => {
    assert.deepEqual(await problems(text({ objective: needing(needs) })), [
      `recipe.yaml:8:22: The plugin "test-objective" ${says}; its needs() is wrong`,
    ]);
  });
}

Deno.test("an objective whose needs cannot be told is refused", async () => {
  const [failing] = await problems(text({ objective: `{ plugin: "${PLUGINS}#failing" }` }));
  assert.match(
    failing,
    /:8:22: The plugin "test-objective" fails to say what it needs: No coffee; its needs\(\) is wrong$/,
  );
  const [without] = await problems(text({ objective: `{ plugin: "${PLUGINS}#withoutNeeds" }` }));
  assert.match(
    without,
    /:8:22: The objective "PLUGINS#withoutNeeds" lacks `needs`, a function of its options/,
  );
});

Deno.test("an evaluator that needs an augmenter with options that do not fit is refused", async () => {
  const found = await problems(text({ evaluate: `{ mine: { plugin: "${PLUGINS}#needyEvaluator" } }` }));
  assert.deepEqual(found, [
    'recipe.yaml:10:29: The plugin "test-evaluator" gives the augmenter "small" options that do not fit: ' +
    "Expected a number of at least 8, got 4; its needs() is wrong",
  ]);
});

Deno.test("checks know what the recipe's other plugins tell", async () => {
  const changed = {
    augmenter: `{ plugin: "${PLUGINS}#telling", size: 64 }`,
    small_patches: `{ augmenter: { plugin: "${PLUGINS}#telling", size: 24 } }`,
    teacher: `{ plugin: "${PLUGINS}#tellingTeacher", dim: 12, input: 128 }`,
    student: `{ plugin: "${PLUGINS}#checkingStudent", head: { dim: 3 } }`,
    objective: needing("{ teacherViews: [0] }"),
    evaluate: `{ knn: {}, teacher: { plugin: "${PLUGINS}#tellingTeacher", dim: 5 } }`,
  };
  const messages = async (more: Changed = {}) =>
    (await problems(text({ ...changed, ...more }))).map((line) => line.replace(/^[^ ]+ /, ""));
  assert.deepEqual(await messages(), ["It sees 128 and 48", "12 of 64 and 24, evaluated", "It sees 64"]);
  // An augmenter that does not tell its size: nobody knows what is seen.
  assert.deepEqual(await messages({ augmenter: SECTIONS.augmenter, evaluate: null }), [
    "It sees nothing",
    "12 of , not evaluated",
  ]);
  // Nothing learns from the teacher, but evaluators look at it.
  assert.deepEqual((await messages({ objective: needing("{}") }))[0], "It sees 128");
});

Deno.test("a teacher to compare with is taken out by null", async () => {
  const { evaluate } = await load(text({ evaluate: "{ knn: {}, teacher: null }" }));
  assert.equal(evaluate.teacher, null);
  assert.equal(evaluate.evaluators.length, 1);
});

Deno.test("an option that moved is refused with the place where it stands now", async () => {
  const objective = `{ bn_splits: 2, plugin: "${PLUGINS}#objective" }`;
  const says = 'The option "bn_splits" of test-objective moved to train.bn_splits; set it there';
  assert.deepEqual(await problems(text({ objective })), [`recipe.yaml:8:14: ${says}`]);
  assert.deepEqual(await problems(text(), ["objective.bn_splits=2"]), [
    `--set objective.bn_splits=2: ${says}`,
  ]);
});

Deno.test("workers that memory has no room for are refused with their place", async () => {
  const train = "{ batch_size: 16, epochs: 10, lr: 0.03, workers: 1000000 }";
  const [problem] = await problems(text({ train }));
  assert.match(
    problem,
    /^recipe\.yaml:\d+:\d+: Expected at most \d+, got 1000000: a worker takes about 250 MB/,
  );
  assert.equal((await load(text({ train: train.replace("1000000", "2") }))).train.workers, 2);
});
