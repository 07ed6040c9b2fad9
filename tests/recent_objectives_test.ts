/**
 * Whole runs, small ones, of the objectives of recent years: a token term beside SEED, mixed views, Retro, CosPress. Each
 * learns, resumes bit for bit, and is the same whatever way it is run.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { distill, distillTogether, follow, loadRecipes } from "@seed/core/host";
import { SafetensorsFile, toTorch } from "@seed/core";
import { DEFAULTS } from "../cli/defaults.ts";
import { runCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { localProcesses } from "./support/local_processes.ts";
import { metricsOf, outcomeOf } from "./support/tiny_runs.ts";

const PLUGINS = new URL("./support/plugins.ts", import.meta.url).href;

/** 13 images, 3 steps of 4 an epoch. */
const RECIPE = `version: 1
seed: 1
engine: { plugin: "${PLUGINS}#engine" }
data: { plugin: "@seed/data-image-folder", root: ROOT }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 16 }
teacher: { plugin: "${PLUGINS}#teacherWithMaps" }
student: { plugin: "${PLUGINS}#studentWithHead", head: { hidden: 8 } }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective:
  - { plugin: "@seed/objective-seed" }
  - { plugin: "@seed/objective-token" }
train: { batch_size: 4, epochs: 4, lr: 0.1, schedule_by: step, workers: 1 }
evaluate: { knn: { k: 3 } }
checkpoint: { every_steps: 2 }
`;
const COSPRESS = '{ plugin: "@seed/objective-cospress", steps: 30, batch: 8, lr: 0.01 }';

/** How each is run, with the loss that it is to bring down. */
const WAYS: Record<string, { recipe: string; loss?: string }> = {
  "a token term beside SEED": { recipe: RECIPE, loss: "token" },
  "mixed views": { recipe: RECIPE.replace("train: {", "train: { mixup: true,"), loss: "token" },
  "Retro": {
    recipe: RECIPE.replace("head: { hidden: 8 }", "head: { reuse_teacher: true }")
      .replace("objective-seed", "objective-moco").replace("objective-token", "objective-disco"),
    loss: "disco",
  },
  "CosPress": {
    recipe: RECIPE.replace(/^objective:\n.*\n.*$/m, `objective: ${COSPRESS}`).replace(/^queue: .*\n/m, "")
      .replace("train: {", "train: { freeze: [head],"),
  },
};

const IMAGES = await Deno.makeTempDir({ prefix: "seed-recent-" });
await makeImageFolder(IMAGES, { train: 13, val: 3 }, ["rows"]);
globalThis.addEventListener("unload", () => Deno.removeSync(IMAGES, { recursive: true }));

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-recent-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function recipesIn(folder: string, text: string, ...overrides: string[]) {
  const path = join(folder, "recipe.yaml");
  await Deno.writeTextFile(path, text.replace("ROOT", IMAGES));
  return await loadRecipes(path, { defaults: DEFAULTS, overrides });
}

const host = () => ({ log() {}, signal: new AbortController().signal });

async function run(
  text: string,
  out: string,
  { overrides = [], maxSteps = null, resume = false }: {
    overrides?: string[];
    maxSteps?: number | null;
    resume?: boolean;
  } = {},
) {
  const [recipe] = await recipesIn(join(out, ".."), text, ...overrides);
  await distill(recipe, { out, maxSteps, resume }, host());
  return await outcomeOf(out);
}

for (const [way, { recipe, loss }] of Object.entries(WAYS)) {
  Deno.test(`${way}: a resumed run ends as one that was not broken off, whatever the engine queues`, () =>
    inFolder(async (folder) => {
      const whole = await run(recipe, join(folder, "whole"));
      for (const maxSteps of [0, 5]) {
        const out = join(folder, `broken at ${maxSteps}`);
        await run(recipe, out, { maxSteps }).catch(() => {}); // there is no student yet
        assert.deepEqual(await run(recipe, out, { resume: true }), whole);
      }
      const queued = recipe.replace("#engine", "#queuingEngine");
      assert.deepEqual(await run(queued, join(folder, "queued")), whole);
    }));

  Deno.test(`${way}: the loss falls`, () =>
    inFolder(async (folder) => {
      const out = join(folder, "long"), overrides = ["train.epochs=30", "evaluate={}"];
      await run(recipe, out, { overrides });
      const steps = (await metricsOf(out)).filter((line) => "loss" in line);
      const values = steps.map((line) =>
        loss ? (line.losses as Record<string, number>)[loss] : line.loss as number
      );
      const mean = (list: number[]) => list.reduce((a, b) => a + b) / list.length;
      const [before, after] = [mean(values.slice(0, 9)), mean(values.slice(-9))];
      assert.ok(after < 0.9 * before, `${before} before, ${after} after`);
    }));
}

Deno.test("Retro: what a finished run has left is opened without its teacher, whose head it took over", () =>
  inFolder(async (folder) => {
    await run(WAYS.Retro.recipe, join(folder, "run"), { overrides: ["train.epochs=1", "evaluate={}"] });
    const args = ["--run", "run", "--allow-plugins", "--images", join(IMAGES, "val"), "--out", "out.npy"];
    const { code, stderr } = await runCli(["embed", ...args], { cwd: folder });
    assert.equal(code, 0, stderr);
  }));

/** All at once: what is fitted, maps, mixed views, and the losses' weights. */
const ALL = RECIPE.replace(/^objective:\n.*$/m, `objective:\n  - ${COSPRESS}`).replace(/^queue: .*\n/m, "")
  .replace("train: {", "train: { mixup: true, freeze: [head],");

for (
  const [way, recipe] of Object.entries({
    "SEED, tokens and mixup": WAYS["mixed views"].recipe,
    "CosPress": ALL,
  })
) {
  Deno.test(`${way}: two processes are two parts of a batch, to the bit`, () =>
    inFolder(async (folder) => {
      const alone = await run(recipe, join(folder, "alone"), { overrides: ["train.accumulate=2"] });
      const [together] = await recipesIn(folder, recipe), [first, second] = localProcesses(2);
      const out = join(folder, "together");
      await Promise.all([
        distill(together, { out, maxSteps: null, resume: false }, host(), first),
        follow(together, { maxSteps: null }, host(), second),
      ]);
      assert.deepEqual(await outcomeOf(out), alone);
    }));

  Deno.test(`${way}: students that train together come out as each would alone`, () =>
    inFolder(async (folder) => {
      const heads = { plain: "{ hidden: 8 }", narrow: "{ hidden: null }" };
      const students = Object.entries(heads).map(([name, head]) =>
        `  - { name: ${name}, plugin: "${PLUGINS}#studentWithHead", head: ${head} }\n`
      );
      const recipes = await recipesIn(
        folder,
        recipe.replace(/^student: .*\n/m, `students:\n${students.join("")}`),
      );
      await distillTogether(recipes, { out: join(folder, "all"), maxSteps: null, resume: false }, host());
      for (const [name, head] of Object.entries(heads)) {
        const alone = await run(recipe.replace("head: { hidden: 8 }", `head: ${head}`), join(folder, name));
        assert.deepEqual(await outcomeOf(join(folder, "all", name)), alone);
      }
    }));
}

Deno.test("a token term learns from small patches too, in which the teacher's map is another size", () =>
  inFolder(async (folder) => {
    const patches = "small_patches={ augmenter: { plugin: '@seed/augmenter-moco-v2', size: 8 }, count: 2 }";
    const { metrics } = await run(RECIPE, join(folder, "patches"), { overrides: [patches] });
    const [first] = metrics.filter((line) => "losses" in line);
    assert.deepEqual(Object.keys(first.losses as object), ["seed", "patches.seed", "token", "patches.token"]);
  }));

Deno.test("mixed views are another run than plain ones, and the same every time", () =>
  inFolder(async (folder) => {
    const { recipe } = WAYS["mixed views"],
      lossOf = async (text: string, out: string) => {
        const { metrics } = await run(text, join(folder, out), { maxSteps: 1 }).catch(async () => ({
          metrics: await metricsOf(join(folder, out)),
        }));
        return metrics.find((line) => "loss" in line)!.loss;
      };
    assert.equal(await lossOf(recipe, "once"), await lossOf(recipe, "again"));
    assert.notEqual(await lossOf(recipe, "mixed"), await lossOf(RECIPE, "plain"));
  }));

Deno.test("Retro's student keeps the teacher's head as it is, and its files name it after the adapter", () =>
  inFolder(async (folder) => {
    const out = join(folder, "run");
    await run(WAYS.Retro.recipe, out);
    using first = await SafetensorsFile.open(join(out, "checkpoints", "step-0000012.safetensors"));
    using student = await SafetensorsFile.open(join(out, "student.safetensors"));
    const head = [...student.tensors.keys()].filter((name) => name.startsWith("head."));
    assert.deepEqual(head, [0, 1, 3].flatMap((n) => [`head.${n}.weight`, `head.${n}.bias`]));
    assert.deepEqual(student.tensors.get("head.0.weight")!.shape, [8, 8]);
    assert.deepEqual(student.tensors.get("head.3.weight")!.shape, [12, 16]);
    const momentum = [...first.tensors.keys()].filter((name) => name.startsWith("optimizer.momentum.head."));
    assert.deepEqual(momentum, ["optimizer.momentum.head.0.weight", "optimizer.momentum.head.0.bias"]);
    // The teacher's head is a value of its seed alone.
    const { teacherWithMaps } = await import("./support/plugins.ts");
    using teacher = await teacherWithMaps.create({}, {} as never);
    for (const { name, kind, tensor } of teacher.head!.values) {
      const [number, part] = name.split("."), own = student.read(`head.${Number(number) + 1}.${part}`);
      assert.deepEqual(own, toTorch(tensor.dataSync() as Float32Array, tensor.shape, kind));
    }
  }));

Deno.test("CosPress's map is fitted before the first step, and a checkpoint has it", () =>
  inFolder(async (folder) => {
    const out = join(folder, "run"), messages: string[] = [];
    const [recipe] = await recipesIn(folder, WAYS.CosPress.recipe);
    const log = (message: string) => void messages.push(message);
    await distill(recipe, { out, maxSteps: 2, resume: false }, { ...host(), log });
    assert.ok(messages.some((message) => /embeds 13 images that the objective is fitted to/.test(message)));
    assert.ok(messages.some((message) => /from 12 to 8 dimensions is fitted to 13 images/.test(message)));
    const map = async (step: number) => {
      using file = await SafetensorsFile.open(join(out, "checkpoints", `step-000000${step}.safetensors`));
      return file.read("map.weight");
    };
    const first = await map(0);
    assert.ok(first.some((value) => value !== 0));
    assert.deepEqual(await map(2), first);
    messages.length = 0;
    await distill(recipe, { out, maxSteps: 4, resume: true }, { ...host(), log });
    assert.ok(!messages.some((message) => /fitted/.test(message)), messages.join("\n"));
    assert.deepEqual(await map(4), first);
  }));
