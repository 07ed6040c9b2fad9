/**
 * A run that is killed at any moment, and gone on with as its user would, ends as one that was left alone: the same
 * metrics, the same checkpoint, the same student, bit for bit, and no folder that has to be removed by hand.
 *
 * `SEED_KILLS=200` makes it long, `SEED_KILL_SEED=7` repeats the moments of a run before as far as a clock allows.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Random } from "../core/random.ts";
import { startCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { inFolder } from "./support/plugin_context.ts";

const KILLS = Number(Deno.env.get("SEED_KILLS") ?? 20);
const SEED = Number(Deno.env.get("SEED_KILL_SEED") ?? Date.now() % 1_000_000);
/** After so many kills a run is left alone, so that each run sees some. */
const MOST_A_RUN = 6;

const support = (file: string) => new URL(`./support/${file}`, import.meta.url).href;

/** 13 images, 3 steps of 4 an epoch, 12 steps; a checkpoint every second, evaluations, neighbours, a cache on disk. */
const RECIPE = `version: 1
seed: 1
engine: { plugin: "${support("plugins.ts")}#engine" }
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 8 }
teacher: { plugin: "${support("batch_dependent_teacher.ts")}", cache: { views: 2, dir: CACHE } }
student: { plugin: "${support("plugins.ts")}#student" }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-bingo", bag: 2 }
train: { batch_size: 4, epochs: 4, lr: 0.1, schedule_by: step, workers: 1 }
evaluate: { every_epochs: 1, knn: { k: 3 } }
checkpoint: { every_steps: 2 }
`;

Deno.test(`a run that is killed ${KILLS} times, at random moments, ends as one that was left alone`, async (t) => {
  await inFolder(async (folder) => {
    await makeImageFolder(join(folder, "images"), { train: 13, val: 3 }, ["rows"]);
    console.log(`SEED_KILL_SEED=${SEED}`);
    const started = performance.now();
    await finish(folder, "whole");
    const length = performance.now() - started, whole = await outcome(join(folder, "whole"));
    const random = new Random(SEED, "kills");
    let kills = 0, runs = 0;
    while (kills < KILLS) {
      const name = `run-${++runs}`, most = 1 + random.below(MOST_A_RUN);
      await t.step(name, async () => {
        for (let i = 0; i < most && kills < KILLS; i++) {
          const moment = random.below(2)
            ? { after: random.uniform() * length }
            : { event: 1 + random.below(80) };
          if (!await kill(folder, name, moment)) break; // it came to its end before
          kills++;
        }
        await finish(folder, name);
        assert.deepEqual(await outcome(join(folder, name)), whole);
        assert.deepEqual(await leftoversIn(join(folder, name)), []);
        await Deno.remove(join(folder, name), { recursive: true });
        await Deno.remove(join(folder, `${name}-cache`), { recursive: true });
      });
    }
    console.log(`${kills} kills in ${runs} runs`);
  });
});

/** When a run is killed: after milliseconds, or at a change of a file of its. */
type Moment = { after: number } | { event: number };

/** Starts a run, or goes on with it if it has begun, as its user would. */
async function start(folder: string, name: string) {
  const recipe = `${name}.yaml`, out = join(folder, name);
  await Deno.writeTextFile(join(folder, recipe), RECIPE.replace("CACHE", `${name}-cache`));
  const hasBegun = await Deno.stat(join(out, "recipe.yaml")).then(() => true, () => false);
  return startCli(["distill", recipe, "--out", name, ...hasBegun ? ["--resume"] : []], { cwd: folder });
}

/** Returns whether it was killed, and had not ended before. */
async function kill(folder: string, name: string, moment: Moment): Promise<boolean> {
  using watcher = "event" in moment ? Deno.watchFs(folder) : null;
  const { outcome, kill } = await start(folder, name);
  let isOver = false;
  const end = () => {
    if (!isOver) kill("SIGKILL");
  };
  const timer = "after" in moment ? setTimeout(end, moment.after) : null;
  const watching = "event" in moment && watcher ? killAtEvent(watcher, name, moment.event, end) : null;
  const { code, signal, stderr } = await outcome.finally(() => isOver = true);
  if (timer !== null) clearTimeout(timer);
  watcher?.close();
  await watching;
  if (signal === "SIGKILL") return true;
  assert.equal(code, 0, stderr);
  return false;
}

async function killAtEvent(
  watcher: AsyncIterable<Deno.FsEvent>,
  name: string,
  event: number,
  end: () => void,
): Promise<void> {
  let count = 0;
  for await (const { paths } of watcher) {
    if (paths.some((path) => path.includes(name)) && ++count === event) end();
  }
}

async function finish(folder: string, name: string): Promise<void> {
  const { outcome } = await start(folder, name), { code, stderr } = await outcome;
  assert.equal(code, 0, stderr);
}

/** What a run leaves, without what is measured. */
async function outcome(run: string) {
  const metrics = (await Deno.readTextFile(join(run, "metrics.jsonl"))).trimEnd().split("\n").map((line) => {
    const { images_per_second: _, ...record } = JSON.parse(line);
    return record;
  });
  const names = (await Array.fromAsync(Deno.readDir(join(run, "checkpoints")), ({ name }) => name)).sort();
  const read = async (file: string) => (await Deno.readFile(join(run, file))).toBase64();
  return {
    metrics,
    names,
    checkpoint: await read(`checkpoints/${names.at(-1)}`),
    student: await read("student.safetensors"),
  };
}

/** Files that are there for a moment only. */
async function leftoversIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await leftoversIn(join(folder, name)));
    else if (/\.tmp$|partial/.test(name)) found.push(join(folder, name));
  }
  return found;
}
