/**
 * Recipes of the published runs take a step, with made-up images and weights: small ones, few of them, but the
 * recipe's own networks, objectives, queues and optimizer.
 *
 * A step of each recipe takes many minutes in all, most of it reading teachers, so only some have their turn here, which
 * show all plugins of the others. `SEED_ALL_RECIPES=1` runs every recipe.
 *
 * @module
 */
import assert from "node:assert/strict";
import { loadRecipe, type Recipe } from "@seed/core/host";
import { parse } from "yaml";
import { DEFAULTS } from "../cli/defaults.ts";
import { ROOT, runCli } from "./support/cli.ts";
import { covering, recipePaths } from "./support/recipes.ts";

const SMALL = ["train.batch_size=8", "train.workers=1"];
const IMAGES = 1281167;

/** Recipes whose teacher is a ResNet-50 with its head. */
const OF_RESNET50 = /\/(moco_r50|swav_r50|bingo|disco|simreg|retro)[/.]/;
/** Weights of torchvision's ResNet-50 without its classifier, and of the heads 2048-2048-128, SwAV's with a norm. */
const RESNET50 = 25_557_032 - 2_049_000, HEAD = 2048 * 2048 + 2048 + 2048 * 128 + 128;
const HEADS: Record<string, number> = { "@seed/teacher-moco": HEAD, "@seed/teacher-swav": HEAD + 2 * 2048 };

const paths = (await recipePaths()).filter((path) => !/\/demo/.test(path));
const all = await Promise.all(paths.map(async (path) => {
  return { path, recipe: await loadRecipe(ROOT + path, { defaults: DEFAULTS }) };
}));
const chosen = Deno.env.get("SEED_ALL_RECIPES") ? all : covering(all);

/** Side of the views: DINOv2's patches have 14 pixels, those of students 16. */
const sideOf = (path: string) => path.includes("/dinov2/vit_") ? 112 : path.includes("/dinov2/") ? 28 : 32;

/** What an objective needs for batches so small; of several students, the first alone. */
function overridesOf(path: string, { studentName, resolved }: Recipe): string[] {
  if (studentName !== null) {
    return ["students=null", `student=${JSON.stringify((parse(resolved) as { student: unknown }).student)}`];
  }
  if (/\/(disco|retro)/.test(path) || path.includes("/moco_v2/")) return ["train.bn_splits=2"];
  return [];
}

for (const { path, recipe: whole } of chosen) {
  Deno.test(`${path} takes a step`, async () => {
    const side = sideOf(path);
    const overrides = [
      ...SMALL,
      `augmenter.size=${side}`,
      ...whole.queue ? ["queue.size=8"] : [],
      ...whole.smallPatches.length ? ["small_patches.augmenter.size=32", "small_patches.count=2"] : [],
      ...overridesOf(path, whole),
      // Some in bf16, where it is there: with parts of batches, neighbours, sums of objectives. The others operation by
      // operation, which takes less than to trace a step: each network is traced by its own test.
      path.includes("/successors/") ? "train.precision=auto" : "engine.trace=false",
    ];
    // A process each: what many teachers have taken of one's memory does not all come back.
    const flags = [
      "--dry-run",
      "--stand-in",
      `${IMAGES}`,
      "--json",
      ...overrides.flatMap((set) => ["--set", set]),
    ];
    const { code, stdout, stderr } = await runCli(["distill", path, ...flags], { cwd: ROOT });
    assert.equal(code, 0, stderr);
    const dry = JSON.parse(stdout);
    assert.ok(Number.isFinite(dry.loss) && dry.seconds > 0 && dry.memory_bytes > 0);
    assert.equal(dry.steps, Math.floor(IMAGES / 8) * whole.train.epochs);
    assert.equal(dry.teacher === null, whole.teacher === null);
    if (dry.teacher && OF_RESNET50.test(path) && !path.includes("/cifar10/")) {
      assert.equal(dry.teacher.parameters, RESNET50 + HEADS[dry.teacher.plugin]);
    }
    for (const view of dry.shapes.views) assert.deepEqual(view, [8, side, side, 3]);
    const width = dry.shapes.embedding[1];
    for (const embedding of dry.shapes.teacher) assert.deepEqual(embedding, [8, width]);
    for (const queue of dry.shapes.queues) assert.deepEqual(queue, [8, width]);
  });
}

Deno.test("training in bf16 without kernels for it stops before the first step", async () => {
  const sets = [...SMALL, "queue.size=8", "train.precision=bf16"].flatMap((set) => ["--set", set]);
  const args = ["distill", "recipes/effb0.yaml", "--dry-run", "--stand-in", `${IMAGES}`, ...sets];
  const { code, stderr } = await runCli(args, { cwd: ROOT, env: { TF_ENABLE_ONEDNN_OPTS: "False" } });
  assert.equal(code, 1);
  assert.match(stderr, /"bf16" in training needs oneDNN .*; set train\.precision to "auto" or "fp32"/);
});
