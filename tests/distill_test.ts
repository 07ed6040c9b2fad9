/**
 * The training loop, in this process and small: wherever a run breaks off, its resume ends as if it had not.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Logger, RunError, tf, UsageError } from "@seed/core";
import { distill, loadRecipe } from "@seed/core/host";
import { DEFAULTS } from "../cli/defaults.ts";
import { Loggers } from "../core/run/loggers.ts";
import { makeImageFolder } from "./support/image_folder.ts";

const support = (file: string) => new URL(`./support/${file}`, import.meta.url).href;

/** 13 images, 3 steps of 4 an epoch; 12 steps. */
const SEED = `version: 1
seed: 1
engine: { plugin: "${support("plugins.ts")}#engine" }
data: { plugin: "@seed/data-image-folder", root: ROOT }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 8 }
teacher: { plugin: "${support("batch_dependent_teacher.ts")}", cache: { views: 2 } }
student: { plugin: "${support("plugins.ts")}#student" }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-seed" }
train: { batch_size: 4, epochs: 4, lr: 0.1, schedule_by: step, workers: 1 }
evaluate: { every_epochs: 2, knn: { k: 3 } }
checkpoint: { every_steps: 2 }
loggers: [{ plugin: "${import.meta.url}#interrupting" }]
`;
/** Each run with a folder of its own. */
const CACHED_ON_DISK = SEED.replace("{ views: 2 }", "{ views: 2, dir: CACHE }");
const MOCO = SEED.replace(/^teacher:.*\n/m, "").replace("objective-seed", "objective-moco");

/** Everything that a checkpoint may hold: two losses with a queue each, two streams of small patches, moments, an average. */
const EVERYTHING = SEED
  .replace(
    /^objective:.*$/m,
    `objective:
  - { plugin: "@seed/objective-seed", weight: 0.5 }
  - { plugin: "@seed/objective-seed", student_temperature: 0.1, queue: { plugin: "@seed/queue-fifo", size: 8 } }
small_patches:
  - { augmenter: { plugin: "@seed/augmenter-moco-v2", size: 8, scale: [0.05, 0.14] }, count: 2 }
  - { augmenter: { plugin: "@seed/augmenter-moco-v2", size: 12 }, count: 1, weight: 0.5 }`,
  )
  .replace(/^train: {/m, "train: { optimizer: adamw, ema: 0.9, accumulate: 2, clip_grad_norm: 1,")
  .replace("lr: 0.1", "lr: 0.001");

/** Where the run breaks off: before a step or an evaluation is over, as a crash does. */
let breakAt: string | null = null;
/** Interrupts the run, as a user does. */
let interrupt: AbortController | null = null;
let interruptAt: string | null = null;

function interruptIfDue(event: string): void {
  if (event === interruptAt) interrupt!.abort();
}

/** What a logger throws ends no run: this breaks off where loggers are told of what has happened. */
function breakOffIfDue(event: string): void {
  if (event === breakAt) throw new Error("Broken off");
}

const { step: tellStep, evaluation: tellEvaluation } = Loggers.prototype;
Loggers.prototype.step = function (record, timing) {
  tellStep.call(this, record, timing);
  breakOffIfDue(`step ${record.step}`);
};
Loggers.prototype.evaluation = function (record) {
  tellEvaluation.call(this, record);
  breakOffIfDue(`${record.network} ${record.step}`);
};

/** A logger that interrupts the run, as a plugin of this very file. */
export const interrupting = {
  kind: "logger",
  name: "interrupting-logger",
  apiVersion: 1,
  about: { summary: "Interrupts the run" },
  options: (await import("@seed/core")).z.strictObject({}),
  create: (): Logger => ({
    step: ({ step }) => interruptIfDue(`step ${step}`),
    evaluation: ({ step, network }) => interruptIfDue(`${network} ${step}`),
    [Symbol.dispose]() {},
  }),
};

const IMAGES = await Deno.makeTempDir({ prefix: "seed-distill-" });
await makeImageFolder(IMAGES, { train: 13, val: 3 }, ["rows"]);
globalThis.addEventListener("unload", () => Deno.removeSync(IMAGES, { recursive: true }));

interface Options {
  breaks?: string;
  interrupts?: string;
  resume?: boolean;
  maxSteps?: number;
  overrides?: string[];
  extend?: boolean;
  /** Takes what the run tells before its record is open. */
  messages?: string[];
}

/** Runs a recipe in a folder; returns whether it came to its end. */
async function run(text: string, out: string, options: Options = {}): Promise<boolean> {
  const path = join(out, "..", "recipe.yaml");
  await Deno.writeTextFile(path, text.replace("ROOT", IMAGES).replace("CACHE", `"${out}-cache"`));
  [breakAt, interruptAt, interrupt] = [
    options.breaks ?? null,
    options.interrupts ?? null,
    new AbortController(),
  ];
  const recipe = await loadRecipe(path, { defaults: DEFAULTS, overrides: options.overrides });
  const { maxSteps = null, resume = false, extend, messages } = options;
  const host = { log: (message: string) => void messages?.push(message), signal: interrupt.signal };
  const { finished } = await distill(recipe, { out, maxSteps, resume, extend }, host);
  return finished;
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-distill-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What a run leaves, without what is measured. */
async function outcome(run: string) {
  const metrics = (await Deno.readTextFile(join(run, "metrics.jsonl"))).trimEnd().split("\n").map((line) => {
    const { images_per_second: _, ...record } = JSON.parse(line);
    return record;
  });
  const { names, newest } = await checkpointsOf(run);
  const student = await Deno.readFile(join(run, "student.safetensors"));
  const { images_per_second: _, data_wait_seconds: __, ...summary } = JSON.parse(
    await Deno.readTextFile(join(run, "summary.json")),
  );
  return { metrics, names, newest, student: student.toBase64(), summary };
}

/** Everything that happens in a whole run, in order. */
const EVENTS = [
  "untrained 0",
  ...[1, 2, 3, 4, 5, 6].map((step) => `step ${step}`),
  "student 6",
  ...[7, 8, 9, 10, 11, 12].map((step) => `step ${step}`),
  "student 12",
];

/** Before a checkpoint, between two, at an evaluation with a checkpoint and at the end. */
const BREAKS: Record<string, [recipe: string, events: string[]]> = {
  SEED: [SEED, ["untrained 0", "step 2", "step 3", "student 6", "student 12"]],
  "SEED with a cache on disk": [CACHED_ON_DISK, ["untrained 0", "step 3", "student 6"]],
  MoCo: [MOCO, ["step 7"]],
  "a run with everything": [EVERYTHING, ["step 7"]],
};

for (const [name, [text, events]] of Object.entries(BREAKS)) {
  Deno.test(`${name}: a run that breaks off and is resumed equals a whole one, wherever it was`, () =>
    inFolder(async (folder) => {
      assert.ok(await run(text, join(folder, "whole")));
      const whole = await outcome(join(folder, "whole"));
      const happened = whole.metrics.filter(({ network }) => network !== "teacher").map((line) =>
        "loss" in line ? `step ${line.step}` : `${line.network} ${line.step}`
      );
      assert.deepEqual(happened, EVENTS);
      for (const event of events) {
        const out = join(folder, event);
        await assert.rejects(run(text, out, { breaks: event }), /Broken off/);
        assert.ok(await run(text, out, { resume: true }));
        assert.deepEqual(await outcome(out), whole, `broken off at ${event}`);
      }
    }));
}

Deno.test("a run that is interrupted and resumed equals a whole one, wherever it was", () =>
  inFolder(async (folder) => {
    await run(SEED, join(folder, "whole"));
    const whole = await outcome(join(folder, "whole"));
    // After "teacher 0" the untrained student is evaluated, and after "step 12" the trained one: those stop too.
    const steps = {
      "teacher 0": 0,
      "untrained 0": 1,
      "step 5": 5,
      "step 6": 6,
      "student 6": 7,
      "step 12": 12,
    };
    for (const [event, step] of Object.entries(steps)) {
      const out = join(folder, event);
      assert.equal(await run(SEED, out, { interrupts: event }), false, event);
      // What was done is not lost: the interruption wrote a checkpoint of the step under way.
      const newest = Array.from(Deno.readDirSync(join(out, "checkpoints")), ({ name }) => name).sort().at(-1);
      assert.equal(newest, `step-${`${step}`.padStart(7, "0")}.safetensors`);
      assert.ok(await run(SEED, out, { resume: true }));
      const { names: _, ...resumed } = await outcome(out), { names: __, ...expected } = whole;
      assert.deepEqual(resumed, expected, `interrupted at ${event}`);
    }
    // After its last evaluation a run is as good as done.
    assert.equal(await run(SEED, join(folder, "last"), { interrupts: "student 12" }), true);
    assert.deepEqual(await outcome(join(folder, "last")), whole);
  }));

Deno.test("whether the cache is in memory or on disk does not matter", () =>
  inFolder(async (folder) => {
    await run(SEED, join(folder, "memory"));
    await run(CACHED_ON_DISK, join(folder, "disk"));
    assert.deepEqual(await outcome(join(folder, "disk")), await outcome(join(folder, "memory")));
  }));

Deno.test("an image that does not decode stops a run, which goes on without it as one that left it out at once", () =>
  inFolder(async (folder) => {
    const images = join(folder, "images");
    await makeImageFolder(images, { train: 13, val: 3 }, ["rows"]);
    const picture = join(images, "train", "rows", "5.png");
    await Deno.writeTextFile(picture, "no picture");
    const overrides = [`data.root=${images}`, "checkpoint.every_steps=100"], out = join(folder, "stopped");
    for (const text of [SEED, CACHED_ON_DISK, EVERYTHING].map((text) => text.replace(/^evaluate.*$/m, ""))) {
      await Deno.remove(out, { recursive: true }).catch(() => {});
      const skip = [...overrides, "data.on_error=skip"];
      let done = 0;
      await assert.rejects(run(text, out, { overrides }), (error: Error) => {
        assert.ok(error instanceof RunError, `${error.stack}`);
        const kept =
          /view of the image "rows\/5\.png": .*\. It lies in "(.*)"\. Put it right, or set data\.on_error: skip.*\. The state after step (\d+) is kept in "(.*)"; --resume goes on from it$/
            .exec(error.message) ?? assert.fail(error.message);
        assert.equal(kept[1], picture);
        assert.ok(Deno.statSync(kept[3]).isFile);
        done = Number(kept[2]);
        return true;
      });
      // Of 13 images an epoch leaves one out; the broken one comes in the first.
      assert.ok(done < 3, `${done} steps`);
      assert.ok(await run(text, out, { overrides: skip, resume: true }));
      const { summary: { skipped_images, steps }, ...resumed } = await outcome(out);
      assert.deepEqual([steps, skipped_images.count, skipped_images.images[0].name], [12, 1, "rows/5.png"]);
      assert.match(skipped_images.images[0].message, /^Cannot make a view of the image "rows\/5\.png": /);
      const skipped = join(folder, "skipped");
      await Deno.remove(skipped, { recursive: true }).catch(() => {});
      await run(text, skipped, { overrides: skip });
      const { metrics, student } = await outcome(skipped);
      assert.deepEqual([resumed.metrics, resumed.student], [metrics, student]);
    }
  }));

Deno.test("an evaluation is made without the images that do not decode", () =>
  inFolder(async (folder) => {
    const images = join(folder, "images");
    await makeImageFolder(images, { train: 13, val: 3 }, ["rows"]);
    for (const name of ["train/rows/5.png", "val/rows/1.png"]) {
      await Deno.writeTextFile(join(images, name), "no picture");
    }
    const out = join(folder, "run");
    await run(SEED, out, { overrides: [`data.root=${images}`, "data.on_error=skip"] });
    const { metrics, summary: { skipped_images } } = await outcome(out);
    const { details } = metrics.find(({ network }) => network === "untrained");
    assert.deepEqual([details.knn.gallery, details.knn.queries, skipped_images.count], [12, 2, 2]);
  }));

Deno.test("a run in several parts equals a whole one", () =>
  inFolder(async (folder) => {
    await run(SEED, join(folder, "whole"));
    const out = join(folder, "parts");
    await run(SEED, out, { maxSteps: 0 });
    for (const maxSteps of [3, 7, 12]) await run(SEED, out, { maxSteps, resume: true });
    const { names: _, ...parts } = await outcome(out);
    const { names: __, ...whole } = await outcome(join(folder, "whole"));
    assert.deepEqual(parts, whole);
    // Once more changes nothing.
    await run(SEED, out, { resume: true });
    assert.deepEqual((await outcome(out)).metrics, whole.metrics);
  }));

Deno.test("--max-steps 0 writes the initial state and its evaluation", () =>
  inFolder(async (folder) => {
    const out = join(folder, "zero");
    await run(SEED, out, { maxSteps: 0 });
    const { metrics, names, summary } = await outcome(out);
    assert.deepEqual(names, ["step-0000000.safetensors"]);
    assert.deepEqual(metrics.map(({ network }) => network), ["teacher", "untrained"]);
    assert.deepEqual([summary.steps, summary.final_loss], [0, null]);
  }));

Deno.test("a resume with another recipe is refused before anything changes, and every difference is told", () =>
  inFolder(async (folder) => {
    const out = join(folder, "run");
    await run(SEED, out, { maxSteps: 4 });
    const before = await filesIn(out);
    const refused = async (overrides: string[], says: RegExp[], text = SEED, extend = false) => {
      await assert.rejects(run(text, out, { resume: true, extend, overrides }), (error: Error) => {
        assert.ok(error instanceof UsageError, `${error.stack}`);
        for (const line of says) assert.match(error.message, line);
        return true;
      });
      assert.deepEqual(await filesIn(out), before);
    };
    const changes: Record<string, RegExp> = {
      "train.batch_size=2": /^ {2}train\.batch_size: 4 then, 2 now$/m,
      "seed=2": /^ {2}seed: 1 then, 2 now$/m,
      "queue.size=32": /^ {2}queue\.size: 16 then, 32 now$/m,
      "train.lr=0.5": /^ {2}train\.lr: 0\.1 then, 0\.5 now$/m,
      "augmenter.size=24": /^ {2}augmenter\.size: 8 then, 24 now$/m,
      "objective.teacher_temperature=0.5": /^ {2}objective\.teacher_temperature: 0\.\d+ then, 0\.5 now$/m,
      "data.shuffle=false": /^ {2}data\.shuffle: true then, false now$/m,
      "train.epochs=2": /^ {2}train\.epochs: 4 then, 2 now$/m,
      "train.epochs=6": /^ {2}train\.epochs: 4 then, 6 now \(add --extend to train longer\)$/m,
    };
    for (const [change, says] of Object.entries(changes)) await refused([change], [says]);
    await refused(Object.keys(changes).slice(0, 5), Object.values(changes).slice(0, 5));
    await refused(
      [],
      [/^ {2}objective\.plugin: "@seed\/objective-seed" then, "@seed\/objective-moco" now$/m],
      MOCO,
    );
    await refused([], [/^--extend makes a run longer, .* but train\.epochs is 4 as before/], SEED, true);
    await refused(["train.epochs=6", "train.lr=0.2"], [/^ {2}train\.lr: 0\.1 then, 0\.2 now$/m], SEED, true);
  }));

Deno.test("a resume may change what leaves training as it is; the record tells it, and the rest is bit for bit", () =>
  inFolder(async (folder) => {
    await run(SEED, join(folder, "whole"));
    const out = join(folder, "run"), overrides = ["train.workers=2", "checkpoint.keep=1"];
    await run(SEED, out, { maxSteps: 5 });
    await run(SEED, out, { resume: true, overrides });
    const { names: _, ...resumed } = await outcome(out),
      { names: __, ...whole } = await outcome(join(folder, "whole"));
    assert.deepEqual(resumed, whole);
    const { resumed: told } = JSON.parse(await Deno.readTextFile(join(out, "run.json")));
    assert.equal(told.length, 1);
    assert.equal(told[0].at_step, 5);
    assert.deepEqual(told[0].changed, {
      "checkpoint.keep": { was: 3, now: 1 },
      "train.workers": { was: 1, now: 2 },
    });
    assert.match(await Deno.readTextFile(join(out, "recipe.yaml")), /^ {2}workers: 2$/m);
  }));

Deno.test("a resume with other images is refused, one with the same images elsewhere goes on", () =>
  inFolder(async (folder) => {
    const images = join(folder, "images"), out = join(folder, "run"), moved = join(folder, "moved");
    await makeImageFolder(images, { train: 13, val: 3 }, ["rows"]);
    await run(SEED, out, { maxSteps: 5, overrides: [`data.root=${images}`] });
    await Deno.rename(images, moved);
    const resume = () => run(SEED, out, { resume: true, maxSteps: 6, overrides: [`data.root=${moved}`] });
    await Deno.rename(join(moved, "train", "rows", "3.png"), join(moved, "train", "rows", "99.png"));
    await assert.rejects(
      resume(),
      /The images are not those .*: 13 then and now, but other ones or in another order/,
    );
    await Deno.rename(join(moved, "train", "rows", "99.png"), join(moved, "train", "rows", "3.png"));
    await Deno.copyFile(join(moved, "train", "rows", "3.png"), join(moved, "train", "rows", "99.png"));
    await assert.rejects(resume(), /The images are not those .*: 13 then, 14 now\. Every step's batch/);
    await Deno.remove(join(moved, "train", "rows", "99.png"));
    assert.ok(await resume());
  }));

Deno.test("a finished run that is extended tells what the rate does, and does not look finished until its new end", () =>
  inFolder(async (folder) => {
    const out = join(folder, "run"), overrides = ["train.epochs=6"], messages: string[] = [];
    await run(SEED, out);
    await assert.rejects(
      run(SEED, out, { resume: true, extend: true, overrides, breaks: "step 15", messages }),
      /Broken off/,
    );
    assert.match(
      messages.join("\n"),
      /^Extended from 4 to 6 epochs, steps 12 to 18\. At step 12 the rate was to be \S+, it is 0\.0\d+ now, and falls to 0 at the new end$/m,
    );
    const names = (await filesIn(out)).map(([name]) => name);
    for (const name of ["summary-step-12.json", "student-step-12.safetensors", "report-step-12.html"]) {
      assert.ok(names.includes(name), `${names}`);
    }
    for (const name of ["summary.json", "student.safetensors", "report.html"]) {
      assert.ok(!names.includes(name));
    }
    await run(SEED, out, { resume: true, overrides });
    const { resumed } = JSON.parse(await Deno.readTextFile(join(out, "run.json")));
    assert.deepEqual(resumed.map((entry: Record<string, unknown>) => entry.extended_from_epochs ?? null), [
      4,
      null,
    ]);
    assert.equal((await outcome(out)).summary.steps, 18);
  }));

Deno.test("a checkpoint that a killed process had still to remove goes at the resume", () =>
  inFolder(async (folder) => {
    const out = join(folder, "run"),
      ofStep = (step: number) => join(out, "checkpoints", `step-000000${step}.safetensors`);
    await run(SEED, out, { maxSteps: 6 });
    // Killed right after the newest was written: of three that are kept there are four.
    await Deno.copyFile(ofStep(2), ofStep(1));
    await run(SEED, out, { maxSteps: 6, resume: true });
    const { names } = await checkpointsOf(out);
    assert.deepEqual(names, [2, 4, 6].map((step) => `step-000000${step}.safetensors`));
  }));

Deno.test("runs keep no tensors, finished or broken off", () =>
  inFolder(async (folder) => {
    await run(SEED, join(folder, "first"), { maxSteps: 1 });
    const before = tf.memory().numTensors;
    await run(SEED, join(folder, "second"), { maxSteps: 6 });
    assert.equal(tf.memory().numTensors, before, "finished");
    await assert.rejects(run(SEED, join(folder, "third"), { breaks: "student 6" }));
    assert.equal(tf.memory().numTensors, before, "broken off");
  }));

Deno.test("a loss that is no number ends the run, with a checkpoint of the state before it", () =>
  inFolder(async (folder) => {
    const out = join(folder, "run"), { step } = await untilItBreaks(out);
    const before = join(folder, "before");
    // Its evaluation would find the student to be no network any more.
    await run(SEED, before, { maxSteps: step, overrides: ["train.lr=1e30", "evaluate=null"] });
    const [{ names, newest }, expected] = await Promise.all([out, before].map(checkpointsOf));
    assert.equal(names.at(-1), `step-${`${step}`.padStart(7, "0")}.safetensors`);
    assert.deepEqual(newest, expected.newest);
  }));

/** Trains with a rate that is far too large; returns how many steps went well. */
async function untilItBreaks(out: string): Promise<{ step: number }> {
  let step = NaN;
  await assert.rejects(run(SEED, out, { overrides: ["train.lr=1e30"] }), (error: Error) => {
    assert.ok(error instanceof RunError, `${error.stack}`);
    const [, number, file] = error.message.match(
      /^Step (\d+) went wrong: .*(?:"NaN"|not finite).*\. Lower train\.lr .*\. The state after step .* is kept in "(.*)"; --resume .*$/,
    ) ?? assert.fail(error.message);
    assert.ok(Deno.statSync(file).isFile);
    step = Number(number) - 1;
    return true;
  });
  return { step };
}

/** Names of a folder's files with when they were written, in order. */
async function filesIn(folder: string): Promise<[name: string, time: number | undefined][]> {
  const names = (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
  return await Promise.all(names.map(async (name): Promise<[string, number | undefined]> => {
    return [name, (await Deno.stat(join(folder, name))).mtime?.getTime()];
  }));
}

async function checkpointsOf(run: string): Promise<{ names: string[]; newest: string }> {
  const folder = join(run, "checkpoints");
  const names = (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
  return { names, newest: (await Deno.readFile(join(folder, names.at(-1)!))).toBase64() };
}
