import assert from "node:assert/strict";
import { RunError } from "../errors.ts";
import { fillNeeds } from "../recipe/objective_needs.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { Learner } from "./learner.ts";
import { createProcessParts } from "./process_parts.ts";

const AUGMENTERS = new URL("../images/pipeline/testdata/augmenters.ts", import.meta.url).href;

/** What happened, in order. */
type Log = string[];

/** Images whose files are known to be there. */
const FOUND = { length: 8, isFound: true };

/** A recipe of parts that only say when they are made and disposed of; `fails` is the kind that cannot be made. */
function recipeOf(
  log: Log,
  { fails = "", images = 8, evaluation = { gallery: FOUND, queries: FOUND } as object | null } = {},
) {
  const use = (kind: string, made: object = {}) => ({
    specifier: `test-${kind}`,
    place: "recipe.yaml:1:1",
    module: AUGMENTERS,
    exportName: "default",
    options: {},
    plugin: {
      kind,
      name: `test-${kind}`,
      checkFiles: () => void log.push(`check ${kind}`),
      create: () => {
        log.push(`make ${kind}`);
        if (fails === kind) throw new RunError(`No ${kind}`);
        const dispose = () => void log.push(`dispose ${kind}`);
        return {
          ...made,
          [Symbol.dispose]: dispose,
          [Symbol.asyncDispose]: () => Promise.resolve(dispose()),
        };
      },
    },
  });
  return {
    seed: 0,
    engine: { ...use("engine"), device: "cpu", trace: true },
    data: use("data", { train: { length: images, isFound: true }, evaluation }),
    augmenter: use("augmenter"),
    teacher: use("teacher", { embeddingDim: 4 }),
    student: use("student", { embeddingDim: 4, featureDim: 4, parameters: [] }),
    queue: use("queue"),
    objectives: [{
      ...use("objective"),
      needs: fillNeeds({ teacherViews: [0], queue: true }),
      weight: 1,
      queue: null,
    }],
    smallPatches: [],
    train: {
      freeze: [],
      head_lr: null,
      batch_size: 4,
      workers: 1,
      ema: null,
      optimizer: "sgd",
      accumulate: 1,
    },
    evaluate: { evaluators: [use("evaluator")], teacher: null },
    loggers: [use("logger")],
  } as unknown as Recipe;
}

const host = { log: () => {}, signal: new AbortController().signal };
/** What a process has once, then a student with what it learns by. */
async function makeAll(recipe: Recipe) {
  await using stack = new AsyncDisposableStack();
  const parts = stack.use(await createProcessParts(recipe, host));
  stack.use(await Learner.create(recipe, parts, host, null));
  const owned = stack.move();
  return { parts, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const MADE = ["engine", "teacher", "student", "objective", "queue"];

Deno.test("files are looked at before the engine is opened, data before everything", async () => {
  const log: Log = [];
  await using made = await makeAll(recipeOf(log));
  const checks = log.filter((line) => line.startsWith("check"));
  assert.deepEqual(log, [
    "make data",
    "make augmenter",
    ...checks,
    ...MADE.map((kind) => `make ${kind}`),
    "make evaluator",
  ]);
  const kinds = [
    "engine",
    "data",
    "augmenter",
    "teacher",
    "student",
    "queue",
    "objective",
    "evaluator",
    "logger",
  ];
  assert.deepEqual(checks, kinds.map((kind) => `check ${kind}`));
  assert.equal(made.parts.referenceTeacher, made.parts.teacher);
});

Deno.test("everything is disposed of once, what was made last first", async () => {
  const log: Log = [];
  await (await makeAll(recipeOf(log)))[Symbol.asyncDispose]();
  const disposed = log.filter((line) => line.startsWith("dispose"));
  assert.deepEqual(disposed, [...MADE.toReversed(), "data"].map((kind) => `dispose ${kind}`));
});

for (const [i, fails] of ["data", ...MADE].entries()) {
  Deno.test(`if the ${fails} cannot be made, what was made before is disposed of`, async () => {
    const log: Log = [];
    await assert.rejects(makeAll(recipeOf(log, { fails })), { message: `No ${fails}` });
    const disposed = log.filter((line) => line.startsWith("dispose"));
    assert.deepEqual(disposed, ["data", ...MADE].slice(0, i).toReversed().map((kind) => `dispose ${kind}`));
  });
}

Deno.test("data that is too little, or has nothing to evaluate on, is refused before the engine is opened", async () => {
  const refusals: [object, RegExp][] = [
    [{ images: 3 }, /has 3 images, fewer than train\.batch_size 4/],
    [{ evaluation: null }, /The recipe evaluates, but the data has nothing to evaluate on/],
  ];
  for (const [options, says] of refusals) {
    const log: Log = [];
    await assert.rejects(makeAll(recipeOf(log, options)), (error: Error) => {
      assert.ok(error instanceof RunError);
      assert.match(error.message, says);
      return true;
    });
    assert.deepEqual(log, ["make data", "dispose data"]);
  }
});
