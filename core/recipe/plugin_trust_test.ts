import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type LoadOptions,
  loadRecipe,
  loadRecipeParts,
  type RecipeDefaults,
  type RecipePart,
} from "./load_recipe.ts";
import { RecipeError } from "./recipe_file.ts";

const DEFAULTS: RecipeDefaults = {
  engine: "@seed/engine-eager",
  loggers: ["@seed/logger-terminal"],
  evaluatorPackage: (key) => `@seed/evaluator-${key}`,
};

const RECIPE = `version: 1
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 32 }
student: { plugin: "@seed/student-resnet", depth: 18, head: { hidden: 16, dim: 12 } }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-moco" }
train: { batch_size: 4, epochs: 1, lr: 0.03 }
`;

/** Where a recipe may name a module, each with the kind that is expected there. */
const PLACES: Record<string, { kind: string; recipe(plugin: string): string; part: RecipePart }> = {
  data: { kind: "data", part: "data", recipe: (p) => RECIPE.replace('"@seed/data-image-folder"', p) },
  augmenter: {
    kind: "augmenter",
    part: "augmenter",
    recipe: (p) => RECIPE.replace('"@seed/augmenter-moco-v2"', p),
  },
  student: { kind: "student", part: "student", recipe: (p) => RECIPE.replace('"@seed/student-resnet"', p) },
  queue: { kind: "queue", part: "queue", recipe: (p) => RECIPE.replace('"@seed/queue-fifo"', p) },
  objective: {
    kind: "objective",
    part: "objectives",
    recipe: (p) => RECIPE.replace('"@seed/objective-moco"', p),
  },
  "one of several objectives": {
    kind: "objective",
    part: "objectives",
    recipe: (p) =>
      RECIPE.replace(
        '{ plugin: "@seed/objective-moco" }',
        `[{ plugin: "@seed/objective-moco" }, { plugin: ${p} }]`,
      ),
  },
  "an objective's queue": {
    kind: "queue",
    part: "objectives",
    recipe: (p) =>
      RECIPE.replace(
        '{ plugin: "@seed/objective-moco" }',
        `[{ plugin: "@seed/objective-moco", queue: { plugin: ${p} } }]`,
      ),
  },
  teacher: { kind: "teacher", part: "teacher", recipe: (p) => `${RECIPE}teacher: { plugin: ${p} }\n` },
  engine: { kind: "engine", part: "engine", recipe: (p) => `${RECIPE}engine: { plugin: ${p} }\n` },
  evaluator: {
    kind: "evaluator",
    part: "evaluate",
    recipe: (p) => `${RECIPE}evaluate: { mine: { plugin: ${p} } }\n`,
  },
  "a teacher to compare with": {
    kind: "teacher",
    part: "teacher",
    recipe: (p) => `${RECIPE}evaluate: { knn: { k: 1 }, teacher: { plugin: ${p} } }\n`,
  },
  "small patches": {
    kind: "augmenter",
    part: "smallPatches",
    recipe: (p) =>
      `${RECIPE.replace("objective-moco", "objective-seed").replace(", dim: 12", "")}` +
      `teacher: { plugin: "@seed/teacher-onnx", weights: x.onnx, mean: [0, 0, 0], std: [1, 1, 1] }\nsmall_patches: { augmenter: { plugin: ${p} } }\n`,
  },
  logger: { kind: "logger", part: "loggers", recipe: (p) => `${RECIPE}loggers: [{ plugin: ${p} }]\n` },
};

/** A folder with a module that leaves a file where it is imported. */
class Canary implements AsyncDisposable {
  #count = 0;

  private constructor(readonly folder: string) {}

  static async in(): Promise<Canary> {
    return new Canary(await Deno.makeTempDir({ prefix: "seed-trust-" }));
  }

  /** A module that was not imported yet. */
  async module(kind: string): Promise<string> {
    const path = join(this.folder, `canary-${this.#count++}.ts`),
      options = new URL("../mod.ts", import.meta.url);
    await Deno.writeTextFile(
      path,
      `import { z } from "${options.href}";
      Deno.writeTextFileSync(${JSON.stringify(`${path}.ran`)}, "");
      export default { kind: "${kind}", name: "canary", apiVersion: 1, about: { summary: "" }, options: z.strictObject({}),
        needs: () => ({}), create() { throw new Error("nothing is made"); } };`,
    );
    return path;
  }

  async write(text: string, name = "recipe.yaml"): Promise<string> {
    const path = join(this.folder, name);
    await Deno.writeTextFile(path, text);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

const ran = (module: string) => Deno.stat(`${module}.ran`).then(() => true, () => false);

/** What is wrong with a recipe; null: nothing. */
async function problemOf(path: string, options: Partial<LoadOptions> = {}): Promise<string | null> {
  const error = await loadRecipe(path, { defaults: DEFAULTS, ...options }).then(() => null, (error) => error);
  assert.ok(error === null || error instanceof RecipeError, `expected a RecipeError, got ${error?.stack}`);
  return error?.message ?? null;
}

for (const [place, { kind, recipe, part }] of Object.entries(PLACES)) {
  Deno.test(`${place}: a module of others is imported only from a recipe that is trusted, and right`, async () => {
    await using canary = await Canary.in();
    const module = await canary.module(kind), text = recipe(JSON.stringify(module));
    const path = await canary.write(text);
    const refused = await problemOf(path, { trust: "shipped" });
    assert.match(refused!, /does not come with SEED, and importing it runs its code; .*--allow-plugins/);
    assert.ok(!await ran(module), "it was imported without trust");

    for (
      const [mistake, wrong] of Object.entries({
        "an unknown section": `${text}optimiser: {}\n`,
        "a misspelt key": text.replace("epochs: 1", "epoch: 1"),
        "a value that does not fit": text.replace("batch_size: 4", "batch_size: -4"),
        "another version": text.replace("version: 1", "version: 3"),
        "a wrong option elsewhere": `${text}checkpoint: { keep: 0 }\n`,
        "a plugin that is not there": place === "logger"
          ? ""
          : `${text}loggers: [{ plugin: "@seed/logger-none" }]\n`,
        "nothing that an objective needs": kind === "objective" || kind === "queue"
          ? ""
          : text.replace(/queue: .*\n/, ""),
        "an option of another plugin": text.includes("moco-v2") ? text.replace("size: 32", "size: big") : "",
      })
    ) {
      if (!wrong) continue;
      assert.ok(await problemOf(await canary.write(wrong)), mistake);
      assert.ok(!await ran(module), `it was imported with ${mistake}`);
    }

    const others: RecipePart[] = (["engine", "data", "augmenter", "teacher", "student", "queue"] as const)
      .filter((other) => other !== part);
    await loadRecipeParts(await canary.write(text), { parts: others }, {
      defaults: DEFAULTS,
      trust: "shipped",
    });
    assert.ok(!await ran(module), "it was imported though nobody wants it");

    await problemOf(path);
    assert.ok(await ran(module), "a recipe that is trusted may name it");
  });
}

Deno.test("code that a recipe holds itself is refused, however it is written, from any recipe", async () => {
  await using canary = await Canary.in();
  const flag = join(canary.folder, "ran"), code = `Deno.writeTextFileSync(${JSON.stringify(flag)},'')`;
  const blob = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const data = `data:text/javascript,${encodeURIComponent(code)}`;
  const written = [
    data,
    ` ${data}`,
    `\t${data}`,
    data.replace("data:", "DATA:"),
    data.replace("data:", "da\nta:"),
  ];
  for (
    const specifier of [
      ...written,
      `${data}#name`,
      blob,
      "about:blank",
      "node:fs",
      "javascript:1",
      "ext:core",
    ]
  ) {
    for (const trust of ["named", "shipped"] as const) {
      const path = await canary.write(RECIPE.replace('"@seed/objective-moco"', JSON.stringify(specifier)));
      const problem = await problemOf(path, { trust });
      assert.match(problem!, /A plugin cannot come from|does not come with SEED/, specifier);
      const set = await problemOf(await canary.write(RECIPE), {
        trust,
        overrides: [`objective={ plugin: ${JSON.stringify(specifier)} }`],
      });
      assert.match(set!, /A plugin cannot come from/, specifier);
    }
  }
  URL.revokeObjectURL(blob);
  await assert.rejects(Deno.stat(flag), Deno.errors.NotFound);
});

Deno.test("names that only look like SEED's are those of others", async () => {
  await using canary = await Canary.in();
  for (
    const name of [
      "@seed/../evil",
      "@seed/data-image-folder/../../evil",
      "@seedling/x",
      "@seed/a b",
      "seed/x",
    ]
  ) {
    const path = await canary.write(RECIPE.replace('"@seed/objective-moco"', JSON.stringify(name)));
    assert.match((await problemOf(path, { trust: "shipped" }))!, /does not come with SEED/, name);
  }
});

Deno.test("what the user types is trusted; what a recipe extends is as trusted as the recipe", async () => {
  await using canary = await Canary.in();
  const typed = await canary.module("logger");
  await canary.write(RECIPE);
  const overrides = [`loggers=[{ plugin: ${JSON.stringify(typed)} }]`];
  const path = join(canary.folder, "recipe.yaml");
  assert.equal(await problemOf(path, { overrides, trust: "shipped" }), null);
  assert.ok(await ran(typed));

  const inherited = await canary.module("logger");
  await canary.write(`${RECIPE}loggers: [{ plugin: ${JSON.stringify(inherited)} }]\n`, "parent.yaml");
  const child = await canary.write("extends: ./parent.yaml\nseed: 1\n", "child.yaml");
  assert.match(
    (await problemOf(child, { trust: "shipped" }))!,
    /parent\.yaml:\d+:\d+: The plugin .*--allow-plugins/,
  );
  assert.ok(!await ran(inherited));
  assert.equal(await problemOf(child), null);
  assert.ok(await ran(inherited));
});

Deno.test("what modules of others will tell is not missed before they are imported", async () => {
  await using canary = await Canary.in();
  const one = (kind: string, more: string) =>
    `export const ${kind} = { kind: "${kind}", name: "${kind}", apiVersion: 1, about: { summary: "" },
      options: z.strictObject({}), create() { throw new Error("nothing is made"); }, ${more} };\n`;
  const mod = new URL("../mod.ts", import.meta.url).href;
  await Deno.writeTextFile(
    join(canary.folder, "own.ts"),
    `import { z } from "${mod}";\n` + one("queue", "") + one("teacher", "") + one("logger", "") +
      one("evaluator", "") +
      one("augmenter", "tells: () => ({ size: 32 })") + one("student", "") + one("data", "") +
      one("objective", "needs: () => ({ teacherViews: [0], queue: true, rowsPerImage: 2 })"),
  );
  const own = (kind: string) => `{ plugin: "./own.ts#${kind}" }`;
  const withoutQueue = RECIPE.replace(/queue: .*\n/, ""),
    learns = RECIPE.replace('"@seed/objective-moco"', '"./own.ts#objective"');
  const recipes = {
    "a queue of an objective's own": withoutQueue.replace(
      '{ plugin: "@seed/objective-moco" }',
      `[{ plugin: "@seed/objective-moco", queue: ${own("queue")} }]`,
    ),
    "a teacher that only an objective of others needs": `${learns}teacher: ${own("teacher")}\n`,
    "a queue and a teacher that only one of two objectives needs": RECIPE.replace(
      '{ plugin: "@seed/objective-moco" }',
      `[{ plugin: "@seed/objective-moco", queue: { plugin: "@seed/queue-fifo", size: 16 } }, ${
        own("objective")
      }]`,
    ) + `teacher: ${own("teacher")}\n`,
    "evaluators of others alone": `${RECIPE}evaluate: { every_epochs: 1, mine: ${
      own("evaluator")
    }, teacher: ${own("teacher")} }\n`,
    "an augmenter, a student, data and loggers":
      RECIPE.replace(/(augmenter|student|data): .*/g, (_, kind) => `${kind}: ${own(kind)}`) +
      `loggers: [${own("logger")}]\n`,
  };
  for (const [what, text] of Object.entries(recipes)) {
    assert.equal(await problemOf(await canary.write(text)), null, what);
  }
});

Deno.test("a part alone is checked without the others, and has no problems of theirs", async () => {
  await using canary = await Canary.in();
  const url = pathToFileURL(join(canary.folder, "gone.ts")).href;
  const text = RECIPE.replace('"@seed/objective-moco"', `"${url}"`).replace(", dim: 12", "") +
    `teacher: { plugin: "${url}" }\nevaluate: { agreement: {}, knn: { k: 3 }, mine: { plugin: "${url}" } }\n`;
  const path = await canary.write(text), options = { defaults: DEFAULTS, trust: "shipped" } as const;
  const parts = await loadRecipeParts(path, { parts: ["engine", "student"] }, options);
  assert.deepEqual([parts.student.plugin.name, parts.seed], ["@seed/student-resnet", 0]);
  const { evaluate } = await loadRecipeParts(
    path,
    { parts: ["evaluate"], evaluators: ["@seed/evaluator-knn", "@seed/evaluator-agreement"] },
    options,
  );
  assert.deepEqual(evaluate.evaluators.map(({ plugin }) => plugin.name), [
    "@seed/evaluator-agreement",
    "@seed/evaluator-knn",
  ]);
  await assert.rejects(loadRecipeParts(path, { parts: ["teacher"] }, options), RecipeError);
  await assert.rejects(
    loadRecipeParts(path, { parts: ["student"] }, { ...options, overrides: ["student.depht=18"] }),
    /Did you mean "depth"/,
  );
});
