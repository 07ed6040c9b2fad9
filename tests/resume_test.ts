/**
 * A run that is killed and resumed ends as one that was never interrupted: the same metrics and the same weights,
 * bit for bit. Only `images_per_second`, a measured time, is left out of the comparison. The real engine and the
 * real command line; where else a run may break off is tried in `distill_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { runCli } from "./support/cli.ts";
import { testInBf16 } from "./support/engine.ts";
import { makeImageFolder } from "./support/image_folder.ts";

const KILLED_LOGGER = new URL("./support/killed_logger.ts", import.meta.url).href;
const TEACHER = new URL("./support/batch_dependent_teacher.ts", import.meta.url).href;

/** 63 images make 7 batches of 8 an epoch, and leave 7 images out of each. */
const IMAGES = { train: 21, val: 4 };

const RECIPE = `version: 1
seed: 3
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 32 }
teacher: { plugin: "${TEACHER}", cache: { views: 2 } }
student: { plugin: "@seed/student-resnet", depth: 18 }
queue: { plugin: "@seed/queue-fifo", size: 64 }
objective: { plugin: "@seed/objective-seed" }
train: { batch_size: 8, epochs: 6, lr: 0.03, schedule_by: step, warmup_epochs: 1 }
evaluate: { every_epochs: 2, knn: { k: 5 }, retrieval: {}, agreement: { k: 5 } }
checkpoint: { every_steps: 5 }
loggers: [{ plugin: "${KILLED_LOGGER}" }]
`;

/** The end is in the third epoch: the teacher's views of the first two are read from its cache. */
const STEPS = 20;

/** Runs the recipe in the folder; `kill` is the step that ends it. */
async function distill(folder: string, out: string, flags: string[], kill?: number): Promise<void> {
  const env: Record<string, string> = kill ? { SEED_TEST_KILL: `${kill}` } : {};
  const args = ["distill", "recipe.yaml", "--out", out, "--max-steps", `${STEPS}`, ...flags];
  const outcome = await runCli(args, { cwd: folder, env });
  if (kill) assert.equal(outcome.signal, "SIGKILL", outcome.stderr);
  else assert.equal(outcome.code, 0, outcome.stderr);
}

async function metrics(run: string): Promise<Record<string, unknown>[]> {
  const lines = (await Deno.readTextFile(`${run}/metrics.jsonl`)).trimEnd().split("\n");
  return lines.map((line) => {
    const { images_per_second, ...record } = JSON.parse(line);
    assert.ok("evaluation" in record || images_per_second > 0);
    return record;
  });
}

async function assertSameRun(resumed: string, uninterrupted: string): Promise<void> {
  assert.deepEqual(await metrics(resumed), await metrics(uninterrupted));
  for (const file of ["student.safetensors", `checkpoints/step-${`${STEPS}`.padStart(7, "0")}.safetensors`]) {
    const [a, b] = await Promise.all([resumed, uninterrupted].map((run) => Deno.readFile(`${run}/${file}`)));
    assert.ok(a.length > 1000 && indexOfDifference(a, b) === -1, `${file} differs`);
  }
}

function indexOfDifference(a: Uint8Array, b: Uint8Array): number {
  return a.length === b.length ? a.findIndex((byte, i) => byte !== b[i]) : Math.min(a.length, b.length);
}

async function checkpoints(run: string): Promise<number[]> {
  const names = await Array.fromAsync(Deno.readDir(`${run}/checkpoints`), ({ name }) => name);
  return names.map((name) => Number(name.match(/^step-(\d{7})\.safetensors$/)![1])).sort((a, b) => a - b);
}

for (const precision of ["fp32", "bf16"]) {
  const test = precision === "bf16" ? testInBf16 : Deno.test;
  test(`${precision}: a run that is killed between checkpoints and resumed equals an uninterrupted one`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "seed-resume-" });
    try {
      await makeImageFolder(`${folder}/images`, IMAGES);
      await Deno.writeTextFile(`${folder}/recipe.yaml`, RECIPE);
      const sets = ["--set", `train.precision=${precision}`];
      await distill(folder, "whole", sets);

      // One worker in place of two, so that their number is seen not to matter either.
      const flags = [...sets, "--set", "train.workers=1"];
      await distill(folder, "resumed", flags, 17);
      assert.deepEqual(await checkpoints(`${folder}/resumed`), [5, 10, 15]);
      assert.equal((await metrics(`${folder}/resumed`)).at(-1)!.step, 17);
      await distill(folder, "resumed", [...flags, "--resume"]);
      await assertSameRun(`${folder}/resumed`, `${folder}/whole`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
