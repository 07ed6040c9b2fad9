import assert from "node:assert/strict";
import { join } from "node:path";
import { UsageError } from "../errors.ts";
import { RecipeDocument } from "./recipe_document.ts";
import { RecipeError } from "./recipe_file.ts";

const RECIPE = `# A recipe
version: 1
data: { root: images, shuffle: true }
evaluate:
  knn:
train:
  lr: 0.03
  batch_size: 16
loggers:
  - { plugin: a }
  - { plugin: b }
`;

async function read(text: string, overrides: string[] = []): Promise<RecipeDocument> {
  const folder = await Deno.makeTempDir({ prefix: "seed-document-" });
  try {
    await Deno.writeTextFile(join(folder, "r.yaml"), text);
    return await RecipeDocument.read(join(folder, "r.yaml"), overrides);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const values = async (...overrides: string[]) =>
  (await read(RECIPE, overrides)).values() as Record<string, any>;

async function refusal(text: string, overrides: string[] = []): Promise<string> {
  const error = await read(text, overrides).then((document) => document.values()).catch((error) => error);
  assert.ok(error instanceof UsageError, `${error}`);
  return error.message.replace(/^.*\/r\.yaml/, "r.yaml");
}

Deno.test("an override's value is YAML: its type is the one that is written", async () => {
  const typed: [string, unknown][] = [
    ["0.06", 0.06],
    ["1e-3", 0.001],
    ["17", 17],
    ["true", true],
    ["null", null],
    ["", null],
    ["text", "text"],
    ["'17'", "17"],
    ["[1, 2.5]", [1, 2.5]],
    ["{ a: 1, b: [x] }", { a: 1, b: ["x"] }],
    ["/data/a=b", "/data/a=b"],
  ];
  for (const [text, value] of typed) {
    assert.deepEqual((await values(`train.lr=${text}`)).train.lr, value, text);
  }
});

Deno.test("an override replaces, adds, and makes what is above it", async () => {
  assert.equal((await values("data.root=/data")).data.root, "/data");
  assert.equal((await values("train.epochs=3")).train.epochs, 3);
  assert.deepEqual((await values("checkpoint.keep=1")).checkpoint, { keep: 1 });
  assert.deepEqual((await values("a.b.c=1")).a, { b: { c: 1 } });
  assert.deepEqual((await values("evaluate.knn.k=5")).evaluate, { knn: { k: 5 } });
  assert.equal((await values("loggers.1.plugin=c")).loggers[1].plugin, "c");
  assert.deepEqual((await values("data={ root: other }")).data, { root: "other" });
  // The rest stays as it is.
  assert.deepEqual((await values("train.lr=1")).data, { root: "images", shuffle: true });
});

Deno.test("of several overrides the last one counts", async () => {
  assert.equal((await values("train.lr=1", "train.lr=2")).train.lr, 2);
  assert.deepEqual((await values("data={ root: other }", "data.shuffle=false")).data, {
    root: "other",
    shuffle: false,
  });
});

Deno.test("an override that is not of the form is refused", async () => {
  const wrong: [string, RegExp][] = [
    ["train.lr", /^--set "train\.lr" is not of the form key\.path=value$/],
    ["=1", /^--set "=1" is not of the form key\.path=value$/],
    ["", /^--set "" is not of the form key\.path=value$/],
    ["train.lr.x=1", /^--set "train\.lr\.x=1": "train\.lr" has no keys below it$/],
    ["data.root.a.b=1", /^--set "data\.root\.a\.b=1": "data\.root" has no keys below it$/],
    ["train..lr=1", /^--set "train\.\.lr=1" is not of the form key\.path=value$/],
    ["loggers.x=1", /^--set "loggers\.x=1": "loggers" is a list of 2; name an entry by its number, from 0$/],
    ["loggers.3.plugin=c", /^--set "loggers\.3\.plugin=c": "loggers" is a list of 2; /],
    ["train.lr=[1, 2", /^--set "train\.lr=\[1, 2": the value is not YAML: /],
    ["train.lr={a: 1, a: 2}", /the value is not YAML: /],
    [
      "data.plugin=@seed/data-emoji",
      /the value is not YAML: .*; in YAML it needs quotes: '"@seed\/data-emoji"'$/,
    ],
  ];
  for (const [override, says] of wrong) {
    const message = await refusal(RECIPE, [override]);
    assert.match(message, says);
    assert.ok(!message.includes("\n"), `one line: ${message}`);
  }
});

Deno.test("a problem with an overridden value names the override", async () => {
  const document = await read(RECIPE, ["train.lr=fast", "data={ root: 1 }"]);
  const message = document.error([
    { path: ["data", "root"], message: "Expected text" },
    { path: ["train", "lr"], message: "Expected a number" },
    { path: ["train", "batch_size"], message: "Too large" },
  ]).message.split("\n");
  assert.match(message[0], /r\.yaml:8:15: Too large$/);
  assert.equal(message.at(-2), "--set data={ root: 1 }: Expected text");
  assert.equal(message.at(-1), "--set train.lr=fast: Expected a number");
});

Deno.test("a place is where a value, or the deepest part of its path, is", async () => {
  const document = await read(RECIPE);
  const place = (...path: (string | number)[]) => document.place(path).replace(/^.*\/r\.yaml/, "r.yaml");
  assert.equal(place("train", "lr"), "r.yaml:7:7");
  assert.equal(place("loggers", 1, "plugin"), "r.yaml:11:15");
  assert.equal(place("train", "epochs"), "r.yaml:6:1");
  assert.equal(place("nowhere"), "r.yaml:1:1");
});

Deno.test("what is not one YAML mapping is refused at its place", async () => {
  const wrong: [string, RegExp][] = [
    ["train: { lr: 1", /^r\.yaml:1:15: .*\n {4}train: \{ lr: 1\n/],
    ["a: 1\na: 2\n", /^r\.yaml:2:1: Map keys must be unique\n {4}a: 2\n {4}\^$/],
    ["a: 1\n b: 2\n", /^r\.yaml:1:4: Nested mappings are not allowed/],
    ["a: 1\n---\nb: 2\n", /^r\.yaml:2:1: .*multiple documents/],
    ["a: !!js/function x\n", /^r\.yaml:1:4: Unresolved tag/],
    ["a: *b\n", /^r\.yaml:1:4: Unresolved alias/],
    ["- 1\n", /^r\.yaml: The recipe must be a mapping of sections such as "data:"$/],
    ["", /^r\.yaml: The recipe must be a mapping/],
    ["text", /^r\.yaml: The recipe must be a mapping/],
    ["a: 1\n\u0000\u0001", /r\.yaml" is no text: line 2 holds a byte of 0$/],
  ];
  for (const [text, says] of wrong) assert.match(await refusal(text), says, JSON.stringify(text));
});

Deno.test("a recipe that would grow without bounds is refused", async () => {
  const lines = ["a: &a [x,x,x,x,x,x,x,x,x]"];
  for (let i = 1; i < 8; i++) {
    const [name, before] = ["abcdefgh"[i], "abcdefgh"[i - 1]];
    lines.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join()}]`);
  }
  assert.match(await refusal(lines.join("\n")), /^r\.yaml:6:11: Excessive alias count/);
});

Deno.test("anchors and merge-free aliases may shorten a recipe", async () => {
  const document = await read("a: &k { k: 3 }\nb: *k\n");
  assert.deepEqual(document.values(), { a: { k: 3 }, b: { k: 3 } });
});

Deno.test("a recipe that is not there is told from one that cannot be read", async () => {
  await assert.rejects(
    RecipeDocument.read("nowhere.yaml", []),
    /^UsageError: There is no recipe "nowhere\.yaml"/,
  );
  await assert.rejects(RecipeDocument.read(".", []), /^RunError: Cannot read the recipe "\."/);
});

Deno.test("a RecipeError is a mistake of the user's", () => {
  assert.ok(new RecipeError("x") instanceof UsageError);
});
