/**
 * Verbs besides `distill` in several processes, as users start them: real processes that talk by MPI.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ROOT, runCli, startCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { inFolder } from "./support/plugin_context.ts";
import { NO_MPI, testUnless } from "./support/process_runs.ts";

const PLUGINS = new URL("./support/plugins.ts", import.meta.url).href;
const RECIPE = `version: 1
seed: 2
engine: { plugin: "${PLUGINS}#engine" }
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 16 }
teacher: { plugin: "${ROOT}examples/my_teacher.ts", cells: 2, cache: { views: 8, dir: cache, precision: fp32 } }
student: { plugin: "${PLUGINS}#student" }
queue: { plugin: "@seed/queue-fifo", size: 24 }
objective: { plugin: "@seed/objective-bingo", bag: 2 }
train: { batch_size: 2, epochs: 1, lr: 0.1, workers: 1 }
evaluate: { knn: { k: 2 }, agreement: { k: 1 } }
`;

/** Runs a verb in a folder with the recipe and its pictures, and with a run of it if need be. */
async function inRecipeFolder(
  { run }: { run: boolean },
  test: (folder: string, verb: (...args: string[]) => ReturnType<typeof runCli>) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    await makeImageFolder(`${folder}/images`, { train: 16, val: 2 });
    await Deno.writeTextFile(`${folder}/tiny.yaml`, RECIPE);
    const verb = (...args: string[]) => runCli(args, { cwd: folder });
    if (run) await succeed(verb("distill", "tiny.yaml", "--out", "run", "--max-steps", "4"));
    await test(folder, verb);
  });
}

async function succeed(outcome: ReturnType<typeof runCli>): Promise<string> {
  const { code, stdout, stderr } = await outcome;
  assert.equal(code, 0, stderr);
  return stdout;
}

/** Hard links to a picture: many pictures in little time. */
async function multiply(picture: string, into: string, count: number): Promise<void> {
  await Deno.mkdir(into, { recursive: true });
  for (let i = 0; i < count; i++) await Deno.link(picture, `${into}/${`${i}`.padStart(5, "0")}.png`);
}

testUnless(
  NO_MPI,
  "embed and eval in several processes give what one gives, to the bit",
  () =>
    inRecipeFolder({ run: true }, async (folder, verb) => {
      const plugins = ["--run", "run", "--allow-plugins"];
      const embed = async (out: string, ...more: string[]) => {
        await succeed(verb("embed", ...plugins, "--images", "many", "--out", `${out}.npy`, ...more));
        return [await Deno.readFile(`${folder}/${out}.npy`), await Deno.readTextFile(`${folder}/${out}.txt`)];
      };
      await multiply(`${folder}/images/train/rows/1.png`, `${folder}/many/b`, 150);
      await multiply(`${folder}/images/train/circles/1.png`, `${folder}/many/a`, 101);
      await Deno.writeTextFile(`${folder}/many/a/00077.jpg`, "no picture");
      const alone = await embed("alone", "--on-error", "skip");
      assert.deepEqual(await embed("two", "--on-error", "skip", "--processes", "2"), alone);
      assert.deepEqual(await embed("three", "--on-error", "skip", "--processes", "3"), alone);

      const evaluate = async (...more: string[]) =>
        JSON.parse(await succeed(verb("eval", ...plugins, "--json", ...more)));
      assert.deepEqual(await evaluate("--processes", "2"), await evaluate());
    }),
);

testUnless(
  NO_MPI,
  "a picture that breaks in another process is one error, and nothing is written",
  () =>
    inRecipeFolder({ run: true }, async (folder, verb) => {
      await multiply(`${folder}/images/train/rows/1.png`, `${folder}/many`, 150);
      // Of batches of 50 the second, which the second process embeds.
      await Deno.remove(`${folder}/many/00077.png`);
      await Deno.writeTextFile(`${folder}/many/00077.png`, "no picture");
      const args = ["embed", "--run", "run", "--allow-plugins", "--images", "many", "--out", "many.npy"];
      const alone = await verb(...args), together = await verb(...args, "--processes", "2");
      assert.equal(alone.code, 1);
      assert.equal(together.code, 1);
      const [expected, found] = [alone, together].map(({ stderr }) =>
        stderr.split("\n").filter((line) => line.includes("Cannot make a view"))
      );
      assert.match(expected[0], /^Cannot make a view of the image "00077\.png": .*--on-error skip$/);
      assert.deepEqual(found.map((line) => line.replace(/^Process 0 of 2 on \S+: /, "")), expected);
      await assert.rejects(Deno.stat(`${folder}/many.npy`), Deno.errors.NotFound);
    }),
);

testUnless(
  NO_MPI,
  "what all processes meet alike is told once",
  () =>
    inRecipeFolder({ run: true }, async (_folder, verb) => {
      const args = ["embed", "--run", "run", "--allow-plugins", "--images", "nowhere", "--out", "many.npy"];
      const { code, stderr } = await verb(...args, "--processes", "3");
      assert.equal(code, 1);
      assert.equal(stderr.match(/There is no folder "nowhere"/g)?.length, 1, stderr);
    }),
);

testUnless(
  NO_MPI,
  "SIGTERM ends embed in all processes, and nothing is written",
  () =>
    inRecipeFolder({ run: true }, async (folder) => {
      await multiply(`${folder}/images/train/rows/1.png`, `${folder}/many`, 4000);
      const args = ["embed", "--run", "run", "--allow-plugins", "--images", "many", "--out", "many.npy"];
      const { outcome, kill } = startCli([...args, "--processes", "2"], { cwd: folder });
      // What it writes to is there as soon as the first batches are.
      while (![...Deno.readDirSync(folder)].some(({ name }) => name.includes("many.npy"))) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      kill("SIGTERM");
      const { code, stderr } = await outcome;
      assert.equal(code, 130, stderr);
      assert.doesNotMatch(stderr, /^Process|failed|without a word/m);
      assert.deepEqual([...Deno.readDirSync(folder)].filter(({ name }) => name.includes("many.npy")), []);
    }),
);

testUnless(
  NO_MPI,
  "cache in several processes: figures are those of the whole; stopped, the same command goes on",
  () =>
    inRecipeFolder({ run: false }, async (folder, verb) => {
      const cache = (...more: string[]) => verb("cache", "tiny.yaml", "--json", ...more);
      const views = 48 * 8 * 2 + 48; // two views a step, and the centre views
      const alone = JSON.parse(await succeed(cache("--set", "teacher.cache.dir=alone")));
      assert.deepEqual([alone.views, alone.computed], [views, views]);

      const { outcome, kill } = startCli(["cache", "tiny.yaml", "--processes", "2"], { cwd: folder });
      const shards = () =>
        [...Deno.readDirSync(`${folder}/cache/views`)].filter(({ name }) => /\.embeddings$/.test(name))
          .length;
      for (;;) {
        // Each process appends to a shard of its own.
        const count = await Deno.stat(`${folder}/cache/views`).then(shards, () => 0);
        if (count === 2) break;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      kill("SIGTERM");
      const { code, stderr } = await outcome;
      assert.equal(code, 130, stderr);
      assert.doesNotMatch(stderr, /^Process|failed|without a word/m);
      const rest = JSON.parse(await succeed(cache("--processes", "2")));
      assert.deepEqual([rest.views, rest.bytes], [views, alone.bytes]);
      assert.ok(rest.computed < views && rest.computed > 0, `${rest.computed}`);
      assert.equal(JSON.parse(await succeed(cache())).computed, 0);
    }),
);
