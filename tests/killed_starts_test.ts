/**
 * A start that is killed, at whatever moment, leaves either a run that a resume goes on with or a folder that the next
 * start takes: none has to be removed by hand. What can fail comes before there is a run.
 *
 * @module
 */
import assert from "node:assert/strict";
import { exists } from "@seed/core/host";
import { runCli, startCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";

const support = (file: string) => new URL(`./support/${file}`, import.meta.url).href;

const RECIPE = `version: 1
engine: { plugin: "${support("plugins.ts")}#engine" }
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 8 }
teacher: { plugin: "${support("batch_dependent_teacher.ts")}" }
student: { plugin: "${support("plugins.ts")}#student" }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-bingo", bag: 2 }
train: { batch_size: 4, epochs: 1, lr: 0.1, workers: 1 }
`;

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-starts-" });
  try {
    await makeImageFolder(`${folder}/images`, { train: 12 }, ["rows"]);
    await Deno.writeTextFile(`${folder}/recipe.yaml`, RECIPE);
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What is there when the start is killed. */
const MOMENTS = ["run/.lock", "run/checkpoints", "run/run.json", "run/recipe.yaml", "run/metrics.jsonl"];

async function killAtStart(folder: string, file: string): Promise<void> {
  const { outcome, kill } = startCli(["distill", "recipe.yaml", "--out", "run"], { cwd: folder });
  let isOver = false;
  outcome.then(() => isOver = true);
  while (!isOver && !await exists(`${folder}/${file}`)) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  if (!isOver) kill("SIGKILL");
  const { signal, stderr } = await outcome;
  assert.equal(signal, "SIGKILL", stderr);
}

const student = (folder: string) => Deno.readFile(`${folder}/run/student.safetensors`);

Deno.test("a start that is killed is taken over by the next one, or is a run that a resume goes on with", () =>
  inFolder(async (folder) => {
    const whole = await runCli(["distill", "recipe.yaml", "--out", "run"], { cwd: folder });
    assert.equal(whole.code, 0, whole.stderr);
    const expected = await student(folder);
    for (const moment of MOMENTS) {
      await Deno.remove(`${folder}/run`, { recursive: true });
      await killAtStart(folder, moment);
      const isRun = await exists(`${folder}/run/recipe.yaml`);
      const flags = isRun ? ["--resume"] : [];
      const { code, stderr } = await runCli(["distill", "recipe.yaml", "--out", "run", ...flags], {
        cwd: folder,
      });
      assert.equal(code, 0, `killed at ${moment}, ${isRun ? "resumed" : "begun again"}: ${stderr}`);
      assert.deepEqual(await student(folder), expected, `killed at ${moment}`);
    }
  }));

Deno.test("what fails before the first step leaves no folder: a cache of other views, a teacher that fails", () =>
  inFolder(async (folder) => {
    const distill = async (flags: string[], env = {}) =>
      await runCli(["distill", "recipe.yaml", "--max-steps", "0", ...flags], { cwd: folder, env });
    const cache = ["--set", "teacher.cache={views: 1, dir: cache}"];
    assert.equal((await distill([...cache, "--out", "first"])).code, 0);
    const other = await distill([...cache, "--set", "seed=1", "--out", "other"]);
    assert.equal(other.code, 1, other.stderr);
    assert.match(other.stderr, /The cache "cache\/.*" holds embeddings of other views/);
    const failed = await distill(["--out", "failed"], { SEED_TEST_NO_TEACHER: "1" });
    assert.equal(failed.code, 1, failed.stderr);
    assert.match(failed.stderr, /The teacher was asked/);
    const unnamed = await distill([], { SEED_TEST_NO_TEACHER: "1" });
    assert.equal(unnamed.code, 1, unnamed.stderr);
    for (const path of ["other", "failed", "runs/recipe"]) {
      assert.ok(!await exists(`${folder}/${path}`), path);
    }
  }));
