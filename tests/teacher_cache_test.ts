/**
 * The teacher's cache on disk, by the real command line: training with it equals training without, whether it was
 * filled on the way, ahead, by several processes, or half of it before a kill.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fillCaches, type FillProgress, loadRecipe } from "@seed/core/host";
import { DEFAULTS } from "../cli/defaults.ts";
import { type Outcome, runCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";

const KILLED_LOGGER = new URL("./support/killed_logger.ts", import.meta.url).href;
const TEACHER = new URL("./support/batch_dependent_teacher.ts", import.meta.url).href;
const STUDENT = new URL("./support/plugins.ts", import.meta.url).href;

/** 15 images: 3 batches of 4 an epoch, which leave 3 images out. */
const RECIPE = `version: 1
seed: 4
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 32 }
teacher: { plugin: "${TEACHER}" }
student: { plugin: "${STUDENT}#student" }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-seed" }
train: { batch_size: 4, epochs: 4, lr: 0.03 }
checkpoint: { every_steps: 5 }
loggers: [{ plugin: "${KILLED_LOGGER}" }]
`;
const VIEWS = 60;

const cached = (dir: string | null, precision: string) => [
  "--set",
  `teacher.cache={views: 4, dir: ${dir}, precision: ${precision}}`,
];

async function inFolder(
  test: (
    folder: string,
    run: (args: string[], env?: Record<string, string>) => Promise<Outcome>,
  ) => Promise<void>,
) {
  const folder = await Deno.makeTempDir({ prefix: "seed-cache-" });
  try {
    await makeImageFolder(`${folder}/images`, { train: 5 });
    await Deno.writeTextFile(`${folder}/recipe.yaml`, RECIPE);
    await test(folder, async (args, env) => await runCli(args, { cwd: folder, env }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("training with the cache on disk equals training without it", async () => {
  await inFolder(async (folder, run) => {
    const distill = async (out: string, args: string[], env?: Record<string, string>) => {
      const outcome = await run(["distill", "recipe.yaml", "--out", out, "--json", ...args], env);
      if (env?.SEED_TEST_KILL) return assert.equal(outcome.signal, "SIGKILL", outcome.stderr);
      assert.equal(outcome.code, 0, outcome.stderr);
      const { directory } = JSON.parse(outcome.stdout);
      const metrics = await Deno.readTextFile(`${folder}/${directory}/metrics.jsonl`);
      return {
        losses: metrics.trimEnd().split("\n").map((line): number => JSON.parse(line).loss),
        weights: `${folder}/${directory}/student.safetensors`,
        said: outcome.stderr,
      };
    };
    const uncached = (await distill("uncached", []))!;
    const assertSame = async ({ losses, weights }: typeof uncached) => {
      assert.deepEqual(losses, uncached.losses);
      const [found, expected] = await Promise.all(
        [weights, uncached.weights].map((path) => Deno.readFile(path)),
      );
      assert.ok(found.every((byte, i) => byte === expected[i]) && found.length === expected.length, weights);
    };

    // Half of it was there when the run was killed.
    const fp32 = cached("caches/fp32", "fp32");
    await distill("resumed", fp32, { SEED_TEST_KILL: "7" });
    const resumed = (await distill("resumed", [...fp32, "--resume"]))!;
    assert.match(resumed.said, /Cache "caches.fp32.views": \d+ of 60 views are there, the rest takes/);
    await assertSame(resumed);

    // Two processes fill another ahead; then nobody asks the teacher.
    const ahead = cached("caches/ahead", "fp32");
    const filled = await Promise.all([0, 1].map(() => run(["cache", "recipe.yaml", "--json", ...ahead])));
    for (const { code, stdout, stderr } of filled) {
      assert.equal(code, 0, stderr);
      assert.equal(JSON.parse(stdout).views, VIEWS);
    }
    const [a, b] = filled.map(({ stdout }) => JSON.parse(stdout).computed as number);
    assert.equal(a + b, VIEWS, "no view was computed twice");
    const read = (await distill("read", ahead, { SEED_TEST_NO_TEACHER: "1" }))!;
    await assertSame(read);

    // In halves: close, yet not the same, in memory as well. Later steps drift apart: training is chaotic.
    const halves = (await distill("halves", cached(null, "fp16")))!;
    for (const step of [0, 1]) {
      const [a, b] = [halves, uncached].map(({ losses }) => losses[step]);
      assert.ok(Math.abs(a / b - 1) < 1e-3, `step ${step + 1}: ${a} and ${b}`);
      assert.notEqual(a, b);
    }

    const listed = await run(["ls", "caches", "--json"]);
    const { caches } = JSON.parse(listed.stdout);
    const facts = caches.map(({ path, views, kept_in }: Record<string, string>) => [path, views, kept_in]);
    assert.deepEqual(facts, [["caches/ahead/views", VIEWS, "fp32"], ["caches/fp32/views", 48, "fp32"]]);

    const other = await run([
      "distill",
      "recipe.yaml",
      ...ahead,
      "--set",
      "augmenter.scale=[0.5, 1]",
      "--dry-run",
    ]);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /augmenter\.scale is \[0\.2,1\] there and \[0\.5,1\] here/);
    assert.doesNotMatch(other.stderr, /\n\s+at /);
  });
});

Deno.test("neighbours are looked for among embeddings that the cache keeps", async () => {
  await inFolder(async (folder, run) => {
    const bingo = ["--set", "objective={ plugin: '@seed/objective-bingo', bag: 3 }"];
    const ahead = cached("caches/bingo", "fp32");
    const losses = async (out: string, args: string[], env?: Record<string, string>) => {
      const { code, stdout, stderr } = await run(
        ["distill", "recipe.yaml", "--out", out, "--json", ...bingo, ...args],
        env,
      );
      assert.equal(code, 0, stderr);
      const metrics = await Deno.readTextFile(`${folder}/${JSON.parse(stdout).directory}/metrics.jsonl`);
      return metrics.trimEnd().split("\n").map((line): number => JSON.parse(line).loss);
    };
    const uncached = await losses("uncached", []);
    // Two processes share the work: views, and the 15 images as they are.
    const fill = async () => {
      const both = await Promise.all(
        [0, 1].map(() => run(["cache", "recipe.yaml", "--json", ...bingo, ...ahead])),
      );
      const [a, b] = both.map(({ code, stdout, stderr }) => {
        assert.equal(code, 0, stderr);
        return JSON.parse(stdout) as { views: number; computed: number };
      });
      assert.equal(a.views, 2 * VIEWS + 15);
      return a.computed + b.computed;
    };
    assert.equal(await fill(), 2 * VIEWS + 15, "nothing is computed twice");
    await Deno.remove(`${folder}/caches/bingo/centre`, { recursive: true });
    assert.equal(await fill(), 15, "nor where all the rest is there");
    // Close, not equal: a neighbour's view is embedded in another batch ahead than on the way.
    const read = await losses("read", ahead, { SEED_TEST_NO_TEACHER: "1" });
    for (const step of [0, 1, 2]) {
      assert.ok(Math.abs(read[step] / uncached[step] - 1) < 1e-3, `${read[step]} and ${uncached[step]}`);
    }

    const other = await run([
      "distill",
      "recipe.yaml",
      ...bingo,
      ...ahead,
      "--set",
      "augmenter.size=64",
      "--dry-run",
    ]);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /views\.size is 32 there and 64 here/);
  });
});

const SEVERAL_FOLDERS = {
  "small patches": "small_patches={ count: 2, augmenter: { plugin: '@seed/augmenter-moco-v2', size: 8 } }",
  "centres": "objective={ plugin: '@seed/objective-bingo', bag: 3 }",
};

for (const [what, override] of Object.entries(SEVERAL_FOLDERS)) {
  Deno.test(`what is told of filling is of all that the cache will hold, with ${what}`, async () => {
    await inFolder(async (folder) => {
      const overrides = [
        override,
        `engine={ plugin: '${STUDENT}#engine' }`,
        `data.root=${folder}/images`,
        `teacher.cache={ views: 4, dir: ${folder}/cache, precision: fp32 }`,
      ];
      const recipe = await loadRecipe(`${folder}/recipe.yaml`, { defaults: DEFAULTS, overrides });
      const updates: [done: number, all: number][] = [], estimates: [views: number, bytes: number][] = [];
      const progress: FillProgress = {
        update: (done, all) => void updates.push([done, all]),
        estimate: ({ views, bytes }) => void estimates.push([views, bytes]),
      };
      const host = { log() {}, signal: new AbortController().signal };
      const { views, bytes } = await fillCaches(recipe, progress, host);
      updates.forEach(([done, all], i) => {
        assert.equal(all, views);
        assert.ok(done > (updates[i - 1]?.[0] ?? 0), "it only grows");
      });
      assert.equal(updates.at(-1)![0], views);
      const left = views - updates[3][0]; // it is made after the fourth batch
      assert.deepEqual(estimates, [[left, left * bytes / views]]);
    });
  });
}

Deno.test("what is told at the end is of the recipe's own views, where more are there", async () => {
  await inFolder(async (folder) => {
    const fill = async (views: number) => {
      const overrides = [
        `engine={ plugin: '${STUDENT}#engine' }`,
        `data.root=${folder}/images`,
        `teacher.cache={ views: ${views}, dir: ${folder}/cache }`,
      ];
      const recipe = await loadRecipe(`${folder}/recipe.yaml`, { defaults: DEFAULTS, overrides });
      return await fillCaches(recipe, {}, { log() {}, signal: new AbortController().signal });
    };
    const all = await fill(4), { views, computed, bytes } = await fill(2);
    assert.deepEqual({ views, computed, bytes }, { views: all.views / 2, computed: 0, bytes: all.bytes / 2 });
  });
});

Deno.test("filling needs a cache on disk", async () => {
  await inFolder(async (_folder, run) => {
    const { code, stderr } = await run(["cache", "recipe.yaml"]);
    assert.equal(code, 2);
    assert.match(stderr, /recipe\.yaml:5:10: The recipe has no cache on disk; set teacher\.cache\.dir/);
  });
});
