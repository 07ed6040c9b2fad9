import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { Random } from "../random.ts";
import { RecipeDocument } from "./recipe_document.ts";
import { RecipeError } from "./recipe_file.ts";

/** Reads the first of some files, by their paths in a folder. */
async function read(files: Record<string, string>, overrides: string[] = []) {
  const folder = await Deno.makeTempDir({ prefix: "seed-extends-" });
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(folder, name)), { recursive: true });
      await Deno.writeTextFile(join(folder, name), text);
    }
    const document = await RecipeDocument.read(join(folder, Object.keys(files)[0]), overrides);
    const short = (path: string) => path.replace(`${folder}/`, "");
    return {
      values: document.values(),
      place: (...path: string[]) => short(document.place(path)),
      fileOf: (...path: string[]) => short(document.fileOf(path)),
      error: (problems: Parameters<typeof document.error>[0]) =>
        document.error(problems).message.replaceAll(`${folder}/`, ""),
    };
  } catch (error) {
    if (error instanceof RecipeError) error.message = error.message.replaceAll(`${folder}/`, "");
    throw error;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const PARENT = `version: 1
teacher: { plugin: moco, network: resnet50, weights: a.pth }
student: { plugin: efficientnet, variant: b0, head: { hidden: 8, dim: 4 } }
train:
  batch_size: 256
  lr: 0.03
loggers: [{ plugin: terminal }, { plugin: jsonl }]
`;

Deno.test("mappings are merged, all else is replaced, and another plugin stands alone", async () => {
  const { values } = await read({
    "child.yaml": `extends: ./parent.yaml
teacher: { weights: b.pth }
student: { plugin: resnet, depth: 18 }
train: { lr: 0.1, epochs: 3 }
loggers: [{ plugin: mine }]
`,
    "parent.yaml": PARENT,
  });
  assert.deepEqual(values, {
    version: 1,
    teacher: { plugin: "moco", network: "resnet50", weights: "b.pth" },
    student: { plugin: "resnet", depth: 18 },
    train: { batch_size: 256, lr: 0.1, epochs: 3 },
    loggers: [{ plugin: "mine" }],
  });
});

Deno.test("a recipe that extends another, and nothing else, means the same", async () => {
  for (let trial = 0; trial < 30; trial++) {
    const random = new Random(trial, "extends"), values = randomValues(random, 3);
    const parent = JSON.stringify(values); // which is YAML too
    const { values: merged } = await read({ "a.yaml": "extends: b.yaml", "b.yaml": parent });
    assert.deepEqual(merged, values);
    // What the child says is there, whatever the parent says.
    const own = randomValues(random, 3);
    const both = await read({ "a.yaml": JSON.stringify({ ...own, extends: "b.yaml" }), "b.yaml": parent });
    assertHolds(both.values, own);
  }
});

/** Nested mappings of few keys, so that some meet. */
function randomValues(random: Random, depth: number): Record<string, unknown> {
  const keys = ["a", "b", "c"].filter(() => random.chance(0.7));
  return Object.fromEntries(keys.map((key) => {
    const kind = random.below(depth > 0 ? 4 : 3);
    return [
      key,
      kind === 0
        ? random.below(9)
        : kind === 1
        ? [random.below(9)]
        : kind === 2
        ? null
        : randomValues(random, depth - 1),
    ];
  }));
}

function assertHolds(actual: unknown, expected: unknown): void {
  if (typeof expected !== "object" || expected === null || Array.isArray(expected)) {
    return assert.deepEqual(actual, expected);
  }
  for (const [key, value] of Object.entries(expected)) {
    assertHolds((actual as Record<string, unknown>)[key], value);
  }
}

Deno.test("parents may have parents, in other folders, and everything is told with the file that it is in", async () => {
  const { values, place, fileOf, error } = await read({
    "top/child.yaml": "extends: ../base/middle.yaml\ntrain: { lr: 0.1 }\n",
    "base/middle.yaml": "extends: deep/parent.yaml\nseed: 3\n",
    "base/deep/parent.yaml": PARENT,
  });
  assert.deepEqual([values.seed, values.version], [3, 1]);
  assert.equal(place("train", "lr"), "top/child.yaml:2:14");
  assert.equal(place("seed"), "base/middle.yaml:2:7");
  assert.equal(place("train", "batch_size"), "base/deep/parent.yaml:5:15");
  assert.equal(fileOf("teacher", "plugin"), "base/deep/parent.yaml");
  assert.equal(
    error([
      { path: ["train", "batch_size"], message: "Too large" },
      { path: ["train", "lr"], message: "Too small" },
      { path: ["nowhere"], message: "Missing" },
    ]),
    "top/child.yaml:1:1: Missing\n    extends: ../base/middle.yaml\n    ^\n" +
      "top/child.yaml:2:14: Too small\n    train: { lr: 0.1 }\n                 ^\n" +
      "base/deep/parent.yaml:5:15: Too large\n      batch_size: 256\n                  ^",
  );
});

Deno.test("where a plugin was replaced, its options are looked for in the file that replaced it", async () => {
  const { place } = await read({
    "child.yaml": "extends: parent.yaml\nstudent: { plugin: resnet }\n",
    "parent.yaml": PARENT,
  });
  assert.equal(place("student", "variant"), "child.yaml:2:1");
});

Deno.test("overrides come last, and reach into what is inherited", async () => {
  const files = { "child.yaml": "extends: parent.yaml\ntrain: { lr: 0.1 }\n", "parent.yaml": PARENT };
  const { values, place } = await read(files, [
    "train.lr=0.5",
    "loggers.1.plugin=mine",
    "student.head.dim=9",
  ]);
  assert.deepEqual(values.train, { batch_size: 256, lr: 0.5 });
  assert.deepEqual(values.loggers, [{ plugin: "terminal" }, { plugin: "mine" }]);
  assert.deepEqual((values.student as Record<string, unknown>).head, { hidden: 8, dim: 9 });
  assert.equal(place("train", "lr"), "--set train.lr=0.5");
});

const MISTAKES: Record<string, [Record<string, string>, RegExp]> = {
  "is not there": [
    { "child.yaml": "seed: 1\nextends: ./nowhere.yaml\n" },
    /^child\.yaml:2:10: There is no recipe "nowhere\.yaml" to extend\n {4}extends: \.\/nowhere\.yaml\n {13}\^$/,
  ],
  "is itself": [
    { "a.yaml": "extends: b.yaml\n", "b.yaml": "extends: a.yaml\n" },
    /^b\.yaml:1:10: The recipe extends itself: a\.yaml -> b\.yaml -> a\.yaml\n/,
  ],
  "is no path": [{ "a.yaml": "extends: [b.yaml]\n" }, /^a\.yaml:1:10: Expected the path of a recipe/],
  "is not YAML": [{ "a.yaml": "extends: b.yaml\n", "b.yaml": "seed: [1\n" }, /^b\.yaml:2:1: /],
  "is no mapping": [
    { "a.yaml": "extends: b.yaml\n", "b.yaml": "- 1\n" },
    /^b\.yaml: The recipe must be a mapping/,
  ],
};

for (const [what, [files, says]] of Object.entries(MISTAKES)) {
  Deno.test(`a recipe that extends one that ${what} is refused`, async () => {
    await assert.rejects(read(files), (error: Error) => {
      assert.ok(error instanceof RecipeError, `${error.stack}`);
      assert.match(error.message, says);
      return true;
    });
  });
}
