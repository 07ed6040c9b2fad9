/**
 * The JSON Schema of recipes is up to date, and says of recipes what the loader says: whatever it refuses the loader
 * refuses, and what it lets pass though the loader refuses it breaks one of the rules that are listed here.
 *
 * @module
 */
import assert from "node:assert/strict";
import { dirname, relative } from "node:path/posix";
import { Ajv } from "ajv";
import { parse, stringify } from "yaml";
import { loadRecipes, RecipeError } from "@seed/core/host";
import { DEFAULTS } from "../cli/defaults.ts";
import { SCHEMA_FILE, schemaText } from "../cli/schema/schema_text.ts";
import { ROOT } from "./support/cli.ts";
import { recipePaths } from "./support/recipes.ts";

const text = await schemaText(), schema = JSON.parse(text);
const ajv = new Ajv({ strict: false, allErrors: false });
const validate = ajv.compile(schema);

/** Rules of the loader that are of several keys together, of files or of this machine: the schema has none of them. */
const LAX = [
  /Nothing reads "/, // what an option or a section is for is not there
  /Expected (a divisor of|(\S+ )?less than (train|evaluate)\.|a multiple of)/, // of another key
  /ascending order/,
  /(objective|evaluator) .* (needs|measures|learns|looks|wants)/i, // sections that others need
  /has both student and students/,
  /have one name/,
  /There is no plugin|Cannot load the plugin|is no plugin|cannot come from|has no export/, // a name that nothing has
  /memory/,
  /no parameter|freezes nothing/,
];

/** What the schema must know: such a message is never of the rules above alone. */
const STRICT =
  /Unknown (option|section)|The option ".*" is missing|lacks the section|Expected (a whole number|text|true or false|a list|null)/;

Deno.test("the committed schema is what the task writes", async () => {
  const committed = await Deno.readTextFile(SCHEMA_FILE);
  assert.ok(committed === text, "run `deno task build-schema`");
});

for (const path of await recipePaths()) {
  Deno.test(`${path} names the schema, and is valid by it`, async () => {
    const recipe = await Deno.readTextFile(ROOT + path), values = parse(recipe);
    const [head] = recipe.split(/^(?!#)/m), up = relative(dirname(path), "recipes/schema.json");
    const line = `# yaml-language-server: $schema=${up.startsWith(".") ? up : `./${up}`}`;
    assert.equal(
      head.trimEnd().split("\n").at(-1),
      line,
      "editors find it anywhere; people look at what is before it",
    );
    assert.ok(validate(values), ajv.errorsText(validate.errors));
    for (const { resolved } of await loadRecipes(ROOT + path, { defaults: DEFAULTS })) {
      assert.ok(validate(parse(resolved)), `resolved: ${ajv.errorsText(validate.errors)}`);
    }
  });
}

type Values = Record<string, unknown>;
type Path = readonly (string | number)[];

/** Every value within values, by its path. */
function* valuesIn(value: unknown, path: Path = []): Generator<{ path: Path; value: unknown }> {
  if (path.length) yield { path, value };
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield* valuesIn(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

/** A copy with one value changed, taken out (undefined), or under another name. */
function changed(values: Values, path: Path, value: unknown, name?: string): Values {
  const copy = structuredClone(values), last = path.at(-1)!;
  const holder = path.slice(0, -1).reduce<any>((at, key) => at[key], copy);
  if (name !== undefined) holder[name] = holder[last];
  if (value === undefined) Array.isArray(holder) ? holder.splice(Number(last), 1) : delete holder[last];
  else holder[last] = value;
  return copy;
}

/** What people get wrong: other types, numbers out of range, keys that are misspelt, left out, or of nothing. */
function* mutantsOf(values: Values): Generator<[what: string, mutant: Values]> {
  yield ["another section", { ...values, loggerz: [] }];
  for (const { path, value } of valuesIn(values)) {
    const at = path.join("."), last = path.at(-1)!;
    for (const other of othersOf(value)) {
      yield [`${at} = ${JSON.stringify(other)}`, changed(values, path, other)];
    }
    yield [`${at} left out`, changed(values, path, undefined)];
    if (typeof last === "string") yield [`${at} misspelt`, changed(values, path, undefined, `${last}x`)];
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      yield [`${at}.other`, changed(values, path, { ...value, other: 1 })];
    }
  }
}

/** Of the mutants every so many: a load takes tens of milliseconds. `SEED_ALL_RECIPES=1` has all of them. */
function sampled<T>(mutants: Iterable<T>): T[] {
  const every = Deno.env.get("SEED_ALL_RECIPES") === "1" ? 1 : 7;
  return [...mutants].filter((_, i) => i % every === 0);
}

function othersOf(value: unknown): unknown[] {
  if (typeof value === "number") return [-1, 0, 0.5, 1e39, "text", null, true, [value], {}];
  if (typeof value === "boolean") return ["maybe", 1, null];
  if (typeof value === "string") return [3, "", null, ["text"], "no such word"];
  return ["text", 3, null, [], {}];
}

/** Why the loader refuses a recipe; null: it does not. */
async function refusal(values: Values, file: string): Promise<string | null> {
  await Deno.writeTextFile(file, stringify(values));
  try {
    await loadRecipes(file, { defaults: DEFAULTS });
    return null;
  } catch (error) {
    if (!(error instanceof RecipeError)) throw error;
    return error.message;
  }
}

/** Recipes whose every value is changed; together they have most plugins. */
const MUTATED = (await recipePaths()).filter((path) =>
  /^recipes\/(demo|imagenet\/successors\/bingo|cifar10\/moco_v2\/resnet18)\.yaml$/.test(path)
);

for (const path of MUTATED) {
  Deno.test(`of ${path} with something changed, schema and loader say the same`, async () => {
    const [{ resolved }] = await loadRecipes(ROOT + path, { defaults: DEFAULTS }),
      file = await Deno.makeTempFile();
    const different: string[] = [], lax: string[] = [];
    let refused = 0, count = 0;
    try {
      for (const [what, mutant] of sampled(mutantsOf(parse(resolved)))) {
        const allows = validate(mutant), why = await refusal(mutant, file);
        count++;
        if (why !== null) refused++;
        if (allows === (why === null)) continue;
        if (allows && LAX.some((rule) => rule.test(why!)) && !STRICT.test(why!)) lax.push(what);
        else different.push(`${what}: ${allows ? why : `refused: ${ajv.errorsText(validate.errors)}`}`);
      }
    } finally {
      await Deno.remove(file);
    }
    assert.deepEqual(different, []);
    assert.ok(count > 40 && refused > count / 2, `${refused} of ${count} were refused`);
    assert.ok(lax.length < refused / 5, `${lax.length} of ${refused} by the loader alone: ${lax.join("\n")}`);
  });
}

Deno.test("a recipe that extends another may leave out what that has, and misspells nothing", () => {
  const part = { extends: "./effb0.yaml", train: { lr: 0.1 }, augmenter: { size: 96 }, queue: null };
  assert.ok(validate(part), ajv.errorsText(validate.errors));
  for (
    const wrong of [{ trian: {} }, { train: { lrr: 1 } }, { train: { lr: "x" } }, { augmenter: { sise: 1 } }]
  ) {
    assert.ok(!validate({ ...part, ...wrong }), JSON.stringify(wrong));
  }
});

Deno.test("the schema tells what plugins and their options are, with defaults", () => {
  const { properties } = schema.definitions.whole,
    seed = properties.objective.anyOf[0].anyOf.find(
      ({ properties }: { properties: { plugin: { const?: string } } }) =>
        properties.plugin.const === "@seed/objective-seed",
    ).properties;
  assert.equal(seed.teacher_temperature.default, 0.01);
  assert.match(seed.plugin.description, /teacher's distribution/);
  assert.match(properties.train.properties.lr.description, /^The learning rate/);
  assert.equal(properties.train.properties.batch_size.maximum, 65_536);
});
