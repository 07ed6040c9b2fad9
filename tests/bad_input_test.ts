/**
 * What users get wrong is told in one clear message, soon and without a stack trace, before the engine is opened
 * or installed: the real command line, on a cache without an engine.
 *
 * @module
 */
import assert from "node:assert/strict";
import { writeSafetensors } from "@seed/core";
import { runCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";

/** Seconds that a message may take on a machine that is free. */
const SOON = 3;

const RECIPE = {
  version: 1,
  data: { plugin: "@seed/data-image-folder", root: "images" },
  augmenter: { plugin: "@seed/augmenter-moco-v2", size: 32 },
  teacher: { plugin: "@seed/teacher-moco", network: "resnet18", weights: "whole.safetensors" },
  student: { plugin: "@seed/student-resnet", depth: 18 },
  queue: { plugin: "@seed/queue-fifo", size: 16 },
  objective: { plugin: "@seed/objective-seed" },
  train: { batch_size: 4, epochs: 1, lr: 0.03 },
};

type Sections = Record<string, unknown>;

interface Mistake {
  /** What replaces sections of the recipe. */
  changed?: Sections;
  flags?: string[];
  code: 1 | 2;
  /** Every line of standard error has to match one of these, in this order. */
  says: RegExp[];
}

const MISTAKES: Record<string, Mistake> = {
  "misspelt keys": {
    changed: {
      augmenter: { ...RECIPE.augmenter, size: undefined, sise: 32 },
      quueue: RECIPE.queue,
      train: { ...RECIPE.train, warmup_epoch: 1 },
    },
    code: 2,
    says: [
      /^recipe\.yaml:1:\d+: Unknown option "sise" of @seed\/augmenter-moco-v2\. Did you mean "size"\?$/,
      /^recipe\.yaml:1:\d+: Unknown option "warmup_epoch" of train\. Did you mean "warmup_epochs"\?$/,
      /^recipe\.yaml:1:\d+: Unknown section "quueue"\. Did you mean "queue"\?$/,
    ],
  },
  "a blur that is too much for a teacher's larger views": {
    changed: {
      augmenter: { ...RECIPE.augmenter, blur: { sigma: [0.1, 20] } },
      small_patches: { augmenter: { plugin: "@seed/augmenter-swav", size: 16, blur: { sigma: [0.1, 30] } } },
      teacher: { ...RECIPE.teacher, input_size: 224 },
    },
    code: 2,
    says: [
      /^recipe\.yaml:1:\d+: Expected at most 17\.8, got 20: the teacher sees views at 224 px instead of 32, /,
      /^recipe\.yaml:1:\d+: Expected at most 17\.8, got 30: the teacher sees views at 112 px instead of 16, /,
    ],
  },
  "a misspelt flag": {
    flags: ["--max-step", "1"],
    code: 2,
    says: [/^Unknown flag "--max-step"\. Did you mean --max-steps\?$/],
  },
  "a folder of images that is not there": {
    flags: ["--set", "data.root=nowhere"],
    code: 1,
    says: [/^There is no folder ".*nowhere"; set data\.root to a folder of images/],
  },
  "a folder without images": {
    flags: ["--set", "data.root=empty"],
    code: 1,
    says: [/^The folder ".*empty" holds no images .*check data\.root$/],
  },
  "fewer images than a batch": {
    flags: ["--set", "train.batch_size=16"],
    code: 1,
    says: [/^The data has 6 images, fewer than train\.batch_size 16; lower it, or check data\.root$/],
  },
  "fewer images than a bag of neighbours": {
    changed: { objective: { plugin: "@seed/objective-bingo", bag: 6 } },
    code: 1,
    says: [
      /^The data has 6 images, too few for 6 neighbours of each; lower the objective's bag, or check data\.root$/,
    ],
  },
  "an evaluation without data for it": {
    flags: ["--set", "evaluate.knn.k=2", "--set", "data.root=images/train"],
    code: 1,
    says: [/^The recipe evaluates, but the data has nothing to evaluate on/],
  },
  "weights that are not there": {
    flags: ["--set", "teacher.weights=nowhere.pth"],
    code: 1,
    says: [/^There is no file of weights ".*nowhere\.pth"; check the path, or fetch it$/],
  },
  "truncated safetensors": {
    flags: ["--set", "teacher.weights=truncated.safetensors"],
    code: 1,
    says: [/^In ".*truncated\.safetensors" the tensor "w" ends at byte 4096 of 4095 \(truncated file\?\)$/],
  },
  "weights of another SHA-256": {
    flags: ["--set", `teacher.sha256=${"f".repeat(64)}`],
    code: 1,
    says: [/^The file ".*whole\.safetensors" has the SHA-256 [0-9a-f]{64}, but f{64} is expected/],
  },
  "a queue that the batch size does not divide": {
    flags: ["--set", "queue.size=18"],
    code: 2,
    says: [
      /^--set queue\.size=18: The queue's size 18 is not a multiple of train\.batch_size 4; use 16 or 20$/,
    ],
  },
  "objective and evaluator without the teacher that they need": {
    changed: { teacher: undefined, evaluate: { agreement: {} } },
    code: 2,
    says: [
      /^recipe\.yaml:1:\d+: The objective "@seed\/objective-seed" learns from a teacher; add the section "teacher"$/,
      /^recipe\.yaml:1:\d+: The evaluator agreement needs a teacher to compare with; add evaluate\.teacher, or/,
    ],
  },
  "objectives without what they need, and with what they cannot have": {
    changed: {
      queue: undefined,
      objective: [RECIPE.objective, { plugin: "@seed/objective-bingo" }],
      small_patches: { augmenter: { plugin: "@seed/augmenter-swav", size: 16 } },
      train: { ...RECIPE.train, accumulate: 3 },
    },
    code: 2,
    says: [
      /^recipe\.yaml:1:\d+: The objective "@seed\/objective-seed" needs a queue; add the section "queue"$/,
      /^recipe\.yaml:1:\d+: The objective "@seed\/objective-bingo" needs a queue; add the section "queue"$/,
      /^recipe\.yaml:1:\d+: The objective "@seed\/objective-bingo" needs 4 views, and small patches are one each; take/,
      /^recipe\.yaml:1:\d+: Expected a divisor of train\.batch_size 4, got 3$/,
    ],
  },
  "a folder for the run that is in use": {
    flags: ["--out", "images"],
    code: 2,
    says: [/^The folder "images" is not empty; add --resume to go on with its run, or name another/],
  },
  "a resume without a run": {
    flags: ["--resume"],
    code: 2,
    says: [/^There is no run to resume in "runs\/recipe"; leave --resume out to start one$/],
  },
};

/** Lines of the messages: a message about a recipe is followed by its line and a caret. */
function messages(stderr: string): string[] {
  return stderr.trimEnd().split("\n").filter((line) => !line.startsWith("    "));
}

Deno.test("mistakes are told soon, each in one message without a stack trace", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "seed-bad-input-" });
  try {
    await makeImageFolder(`${folder}/images`, { train: 2 });
    await Deno.mkdir(`${folder}/empty`);
    const w = { name: "w", shape: [1024], data: new Float32Array(1024) };
    await writeSafetensors(`${folder}/whole.safetensors`, [w], {});
    const whole = await Deno.readFile(`${folder}/whole.safetensors`);
    await Deno.writeFile(`${folder}/truncated.safetensors`, whole.subarray(0, -1));
    // A machine that does other things as well is slower at everything: at checking a recipe without a mistake, too.
    await Deno.writeTextFile(`${folder}/recipe.yaml`, JSON.stringify(RECIPE));
    const usual = await runCli(["validate", "recipe.yaml"], { cwd: folder });
    assert.equal(usual.code, 0, usual.stderr);
    const soon = Math.max(SOON, 2.5 * usual.seconds);
    for (const [name, { changed, flags = [], code, says }] of Object.entries(MISTAKES)) {
      await t.step(name, async () => {
        await Deno.writeTextFile(`${folder}/recipe.yaml`, JSON.stringify({ ...RECIPE, ...changed }));
        const outcome = await runCli(["distill", "recipe.yaml", ...flags], {
          cwd: folder,
          env: { SEED_CACHE_DIR: `${folder}/cache` },
        });
        const lines = messages(outcome.stderr);
        assert.equal(outcome.code, code, outcome.stderr);
        assert.equal(outcome.stdout, "");
        assert.equal(lines.length, says.length, outcome.stderr);
        says.forEach((pattern, i) => assert.match(lines[i], pattern));
        assert.ok(outcome.seconds < soon, `it took ${outcome.seconds} s`);
        assert.deepEqual(await listed(`${folder}/runs`), [], "a run that cannot start leaves no folder");
        assert.deepEqual(
          await listed(`${folder}/cache`),
          [],
          "nothing is fetched for a run that cannot start",
        );
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function listed(folder: string): Promise<string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
