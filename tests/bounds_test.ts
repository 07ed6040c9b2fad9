/** No number of a recipe or of a flag is without an upper bound, and what this machine cannot hold is told by validate. */
import assert from "node:assert/strict";
import { z } from "zod";
import { loadRecipe } from "@seed/core/host";
import {
  CHECKPOINT,
  EVALUATE,
  OBJECTIVE_TERM,
  OPTIMIZERS,
  SCHEDULES,
  SECTION_KEYS,
  SMALL_PATCHES,
  TRAIN,
} from "../core/recipe/schema.ts";
import { DEFAULTS } from "../cli/defaults.ts";
import { shippedPlugins } from "../cli/listings/plugins.ts";
import { ROOT, runCli } from "./support/cli.ts";

/** Paths of numbers in a schema that may be as large as numbers get. */
function unbounded(schema: z.ZodType): string[] {
  const found: string[] = [];
  const visit = (node: any, path: string) => {
    if (typeof node !== "object" || node === null) return;
    if (node.type === "number" || node.type === "integer") {
      const most = node.maximum ?? node.exclusiveMaximum ?? Infinity;
      const limit = node.type === "integer" ? Number.MAX_SAFE_INTEGER - 1 : 3.4e38;
      if (!(most <= limit) && node.const === undefined && !node.enum) found.push(path);
    }
    for (const [key, inner] of Object.entries(node.properties ?? {})) visit(inner, `${path}.${key}`);
    for (const key of ["anyOf", "oneOf", "allOf", "prefixItems"]) {
      for (const inner of node[key] ?? []) visit(inner, path);
    }
    visit(node.items, `${path}[]`);
    if (node.type === "array" && node.items && !node.prefixItems) {
      const numbers = ["number", "integer"].includes(node.items.type);
      if (numbers && node.maxItems === undefined) found.push(`${path}, its length`);
    }
  };
  visit(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }), "");
  return found;
}

Deno.test("every number of the core's keys has an upper bound", () => {
  const schemas: Record<string, z.ZodType> = {
    ...SECTION_KEYS,
    ...{ CHECKPOINT, EVALUATE, OBJECTIVE_TERM, SMALL_PATCHES, TRAIN },
    ...OPTIMIZERS,
    ...SCHEDULES,
  };
  for (const [name, schema] of Object.entries(schemas)) {
    // How many workers there may be depends on the machine's memory, not on a number.
    assert.deepEqual(unbounded(schema).filter((path) => path !== ".workers"), [], name);
  }
});

Deno.test("every number of the plugins' options has an upper bound", async () => {
  for (const plugin of await shippedPlugins()) assert.deepEqual(unbounded(plugin.options), [], plugin.name);
});

/** The problems of the demo with changes, or null: it is valid. */
async function problems(...overrides: string[]): Promise<string | null> {
  const error = await loadRecipe(`${ROOT}recipes/demo.yaml`, { overrides, defaults: DEFAULTS }).then(
    () => null,
    (error: Error) => error,
  );
  if (error) assert.equal(error.name, "RecipeError", `${error.stack}`);
  return error && error.message;
}

Deno.test("what this machine has no memory for is told by validate, with the key and the figures", async () => {
  const cases: [string[], RegExp][] = [
    [
      ["queue.size=160000000"],
      /queue\.size 160000000 x 1280 floats needs 819\.2 GB, this machine has [\d.]+ GB/,
    ],
    [
      ["student.head.hidden=[65536, 65536, 65536, 65536]"],
      /The recipe needs [\d.]+ GB at least \(|head\.hidden .* needs/,
    ],
    [
      ["train.batch_size=65536", "augmenter.size=1024", "queue.size=65536"],
      /train\.batch_size 65536 x 1 x 1024 x 1024 x 3 values of 5 bytes needs 1030\.8 GB/,
    ],
    [
      ["teacher.cache.views=100000", "train.epochs=100000", "train.batch_size=8192", "queue.size=8192"],
      /teacher\.cache\.views 100000 x 8192 x 1280 values of 2 bytes needs 2097\.2 GB/,
    ],
    [
      [
        ...["queue=null", "train.freeze=[head]"],
        `objective={ plugin: "@seed/objective-cospress", batch: 16384, temperatures: [${
          Array(100).fill(0.1)
        }] }`,
      ],
      /objective\.batch \d+ x 16384 x 16384 floats needs 644\.2 GB/,
    ],
    [
      [
        ...["teacher.cache.views=100000", "train.epochs=100000", "train.batch_size=1024", "queue.size=1024"],
        "small_patches={ count: 8, augmenter: { plugin: '@seed/augmenter-moco-v2', size: 32 } }",
      ],
      /teacher\.cache\.views 800000 x 1024 x 1280 values of 2 bytes needs 2097\.2 GB/,
    ],
  ];
  for (const [overrides, says] of cases) assert.match(await problems(...overrides) ?? "valid", says);
});

Deno.test("numbers that no run could have are refused by name", async () => {
  for (
    const override of [
      ...["queue.size=1e12", "student.head.hidden=1e9", "student.head.hidden=[1e9]", "student.head.dim=1e9"],
      ...[
        "teacher.cache.views=1e9",
        "teacher.cache.views=4294967296",
        "augmenter.size=1e9",
        "train.batch_size=1e9",
      ],
      ...["train.accumulate=1e9", "train.epochs=1e12", "train.lr=1e39", "evaluate.knn.k=1e9"],
      ...["evaluate.linear.sgd.epochs=1e9", "teacher.input_size=100000", "checkpoint.every_steps=1e15"],
    ]
  ) {
    assert.match(
      await problems(override) ?? "valid",
      /^--set .*: Expected a number of at most [\d.e+]+, got /,
      override,
    );
  }
});

Deno.test("a wrong-sized list costs a line", async () => {
  const zeros = `[${Array(3000).fill(0).join()}]`;
  for (const key of ["student.head.hidden", "evaluate.knn.k", "evaluate.linear.l2", "augmenter.scale"]) {
    const message = await problems(`${key}=${zeros}`) ?? "valid";
    assert.match(message, /^--set /);
    assert.ok(message.length < 2000, `${key}: ${message.length} characters`);
  }
});

Deno.test("numbers of flags have an upper bound", async () => {
  const cases: [string[], RegExp][] = [
    [
      ["distill", "recipes/demo.yaml", "--max-steps", "9".repeat(20)],
      /--max-steps expects a whole number of at most/,
    ],
    [
      ["distill", "recipes/demo.yaml", "--dry-run", "--stand-in", "9".repeat(20)],
      /--stand-in expects .* at most/,
    ],
    [
      ["view", "recipes/demo.yaml", "--out", "/tmp/v.html", "--images", "1000000"],
      /more than the 5000 views/,
    ],
    [
      ["pack", "nowhere", "/tmp/nowhere/out", "--to", "tar", "--shard-size", "1".repeat(12)],
      /--shard-size expects/,
    ],
    [
      ["export", "--run", "r", "--to", "onnx", "--input-size", "100000"],
      /--input-size expects .* at most 1024/,
    ],
  ];
  for (const [args, says] of cases) {
    const { code, stderr } = await runCli(args, { cwd: ROOT });
    assert.match(stderr, says);
    assert.equal(code, 2);
  }
});

Deno.test("the task validate may look at the machine's memory, and so tells what does not fit", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const [, flags] = tasks.validate.match(/^deno run (.*) cli\/task\.ts validate$/);
  const args = ["run", "--no-prompt", ...flags.split(" "), "cli/main.ts", "validate", "recipes/demo.yaml"];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args, "--set", "queue.size=160000000"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  assert.match(new TextDecoder().decode(stderr), /queue\.size 160000000 x 1280 floats needs 819\.2 GB/);
  assert.equal(code, 2);
});
