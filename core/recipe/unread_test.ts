/** What a recipe says and nothing reads stops the run. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { RecipeError } from "./recipe_file.ts";
import { loadRecipe } from "./load_recipe.ts";

const PLUGINS = new URL("./testdata/plugins.ts", import.meta.url).href;
const DEFAULTS = { engine: `${PLUGINS}#engine`, loggers: [], evaluatorPackage: () => `${PLUGINS}#evaluator` };

const needing = (needs: string, more = "") => `{ plugin: "${PLUGINS}#needing", needs: ${needs}${more} }`;
const QUEUE = `{ plugin: "${PLUGINS}#queue", size: 64 }`;
const TEACHER = `plugin: "${PLUGINS}#teacher", weights: t.pth`;
const PATCHES = `augmenter: { plugin: "${PLUGINS}#augmenter", size: 24 }`;

const SECTIONS = {
  version: "1",
  data: `{ plugin: "${PLUGINS}#data", root: images }`,
  augmenter: `{ plugin: "${PLUGINS}#augmenter" }`,
  student: `{ plugin: "${PLUGINS}#student", variant: b0 }`,
  objective: needing("{}"),
  train: "{ batch_size: 16, epochs: 10, lr: 0.03 }",
};

/** Messages of a recipe with these sections; none if it is valid. */
async function said(
  sections: Record<string, string>,
  options: { overrides?: string[]; ofRun?: boolean } = {},
): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "seed-unread-" }), path = join(folder, "r.yaml");
  try {
    const lines = Object.entries({ ...SECTIONS, ...sections }).map(([key, value]) => `${key}: ${value}\n`);
    await Deno.writeTextFile(path, lines.join(""));
    await loadRecipe(path, { ...options, defaults: DEFAULTS });
    return [];
  } catch (error) {
    assert.ok(error instanceof RecipeError, `${error}`);
    return error.message.split("\n").filter((line) => !line.startsWith("    ")).map((line) =>
      line.replace(/^.*?: /, "")
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Of each: the sections that are said in vain, how that is told, and sections with which they are read. */
const CASES: Record<string, [vain: Record<string, string>, told: RegExp, read: Record<string, string>]> = {
  "a queue": [
    { queue: QUEUE },
    /^Nothing reads "queue": no objective measures against a queue; take it out/,
    { objective: needing("{ queue: true }") },
  ],
  "a queue beside objectives with queues of their own": [
    { queue: QUEUE, objective: `[${needing("{ queue: true }", `, queue: ${QUEUE}`)}]` },
    /^Nothing reads "queue": each objective has a queue of its own/,
    { objective: `[${needing("{ queue: true }", `, queue: ${QUEUE}`)}, ${needing("{ queue: true }")}]` },
  ],
  "an objective's own queue": [
    { objective: `[${needing("{}", `, queue: ${QUEUE}`)}]` },
    /^Nothing reads "objective\.0\.queue": the objective measures against no queue/,
    { objective: `[${needing("{ queue: true }", `, queue: ${QUEUE}`)}]` },
  ],
  "a queue of small patches": [
    { small_patches: `{ ${PATCHES}, queue: ${QUEUE} }` },
    /^Nothing reads "small_patches\.queue"/,
    { objective: needing("{ queue: true }"), queue: QUEUE },
  ],
  "a teacher": [
    { teacher: `{ ${TEACHER} }` },
    /^Nothing reads "teacher": no objective learns from it, and nothing is evaluated/,
    { evaluate: "{ knn: }" },
  ],
  "a teacher's cache": [
    { teacher: `{ ${TEACHER}, cache: { views: 2 } }`, evaluate: "{ knn: }" },
    /^Nothing reads "teacher\.cache": no objective looks at the teacher's embeddings/,
    { objective: needing("{ teacherViews: [0] }") },
  ],
  "a teacher to compare with": [
    { evaluate: `{ teacher: { ${TEACHER} } }` },
    /^Nothing reads "evaluate\.teacher": the recipe has no evaluator/,
    { evaluate: `{ teacher: { ${TEACHER} }, knn: }` },
  ],
  "epochs of evaluation": [
    { evaluate: "{ every_epochs: 2 }" },
    /^Nothing reads "evaluate\.every_epochs": the recipe has no evaluator/,
    { evaluate: "{ every_epochs: 2, knn: }" },
  ],
  "an option that another takes the place of": [
    { augmenter: `{ plugin: "${PLUGINS}#choosing", inner: { rate: 3 } }` },
    /^Nothing reads "inner\.rate": the choice is none; take it out$/,
    { augmenter: `{ plugin: "${PLUGINS}#choosing", choice: some, inner: { rate: 3 } }` },
  ],
};

for (const [name, [vain, told, read]] of Object.entries(CASES)) {
  Deno.test(`${name} that nothing reads is refused, and taken where it is read`, async () => {
    const messages = await said(vain);
    assert.equal(messages.length, 1, messages.join("\n"));
    assert.match(messages[0], told);
    assert.deepEqual(await said({ ...vain, ...read }), []);
  });
}

Deno.test("a run's own recipe may have all defaults written out; what is set besides may not", async () => {
  const run = { augmenter: `{ plugin: "${PLUGINS}#choosing", inner: { rate: 3 } }`, queue: QUEUE };
  assert.deepEqual(await said(run, { ofRun: true }), []);
  for (const override of ["augmenter.inner.rate=2", "augmenter.inner={ rate: 2 }"]) {
    assert.match(
      (await said(run, { ofRun: true, overrides: [override] })).join(),
      /Nothing reads "inner\.rate"/,
    );
  }
});

Deno.test("what nothing reads is not in the resolved recipe, which loads to the same", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-unread-" }), path = join(folder, "r.yaml");
  try {
    const sections = { ...SECTIONS, augmenter: `{ plugin: "${PLUGINS}#choosing" }` };
    const lines = Object.entries(sections).map(([key, value]) => `${key}: ${value}\n`);
    await Deno.writeTextFile(path, lines.join(""));
    const { resolved, augmenter } = await loadRecipe(path, { defaults: DEFAULTS });
    assert.deepEqual(augmenter.options, { choice: "none", inner: { rate: 1, other: 2 } });
    assert.match(resolved, /choice: none\n {2}inner:\n {4}other: 2\n/);
    await Deno.writeTextFile(path, resolved);
    assert.equal((await loadRecipe(path, { defaults: DEFAULTS })).resolved, resolved);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
