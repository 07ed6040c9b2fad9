/**
 * What may differ between a run and its resume, and what may not: recipes of earlier versions, labels, the device.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { definePlugin, RunError, UsageError, z } from "@seed/core";
import { distill, loadRecipe } from "@seed/core/host";
import { DEFAULTS } from "../cli/defaults.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { inFolder } from "./support/plugin_context.ts";

const plugin = (name: string) => new URL(`./support/plugins.ts#${name}`, import.meta.url).href;

/** 12 images of two classes, 3 steps an epoch; without a teacher. */
const RECIPE = `version: 1
engine: { plugin: "${plugin("engine")}" }
data: { plugin: "@seed/data-list", root: train.txt, queries: val.txt }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 8 }
student: { plugin: "${plugin("student")}" }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-moco" }
train: { batch_size: 4, epochs: 2, lr: 0.1, workers: 1 }
evaluate: { knn: { k: 3 } }
loggers: []
`;

/** A logger that damages the record that it watches, as a disk that was full for a moment has. */
export const damaging = definePlugin({
  kind: "logger",
  name: "damaging-logger",
  apiVersion: 1,
  about: { summary: "Damages metrics.jsonl" },
  options: z.strictObject({}),
  create: (_options, { runDirectory }) => ({
    step({ step }) {
      if (step !== 3) return;
      using file = Deno.openSync(`${runDirectory}/metrics.jsonl`, { read: true, write: true });
      file.writeSync(new TextEncoder().encode("?"));
    },
    [Symbol.dispose]() {},
  }),
});

/** A logger that writes beside the run's own files at once, as that of TensorBoard does. */
export const writing = definePlugin({
  kind: "logger",
  name: "writing-logger",
  apiVersion: 1,
  about: { summary: "Writes a file" },
  options: z.strictObject({}),
  create: (_options, { runDirectory }) => ({
    start: () => Deno.writeTextFile(`${runDirectory}/events`, "", { append: true }),
    [Symbol.dispose]() {},
  }),
});

/** A logger whose server is down. */
export const refusing = definePlugin({
  kind: "logger",
  name: "refusing-logger",
  apiVersion: 1,
  about: { summary: "Cannot start" },
  options: z.strictObject({}),
  create: () => ({
    start: () => Promise.reject(new RunError("no connection")),
    [Symbol.dispose]() {},
  }),
});

const CANNOT_START = `loggers=[${
  ["writing", "refusing"].map((name) => `{plugin: "${import.meta.url}#${name}"}`)
}]`;

interface Given {
  maxSteps?: number;
  resume?: boolean;
  extend?: boolean;
  set?: string[];
}

/** Runs the recipe in a folder; returns what was told. */
async function run(folder: string, { maxSteps, resume = false, extend, set = [] }: Given): Promise<string[]> {
  const told: string[] = [],
    host = { log: (line: string) => void told.push(line), signal: new AbortController().signal };
  const overrides = [`data.root=${folder}/train.txt`, `data.queries=${folder}/val.txt`, ...set];
  const recipe = await loadRecipe(join(folder, "recipe.yaml"), {
    defaults: { ...DEFAULTS, loggers: [] },
    overrides,
  });
  const options = {
    out: join(folder, "run"),
    maxSteps: maxSteps ?? null,
    resume,
    extend,
    command: "a command",
  };
  await distill(recipe, options, host);
  return told;
}

/** Tests with a run that has done two of its six steps. */
async function withRun(test: (folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    await makeImageFolder(folder, { images: 7 }, ["rows", "stripes"]);
    const line = (name: string, i: number) => `images/${name}/${i}.png\t${name}\n`;
    const list = (from: number, to: number) =>
      ["rows", "stripes"].flatMap((name) => Array.from({ length: to - from }, (_, i) => line(name, from + i)))
        .join("");
    await Deno.writeTextFile(join(folder, "train.txt"), list(0, 6));
    await Deno.writeTextFile(join(folder, "val.txt"), list(6, 7));
    await Deno.writeTextFile(join(folder, "recipe.yaml"), RECIPE);
    await run(folder, { maxSteps: 2 });
    await test(folder);
  });
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  const before = await Deno.readTextFile(path), after = change(before);
  assert.notEqual(after, before, "the edit changes something");
  await Deno.writeTextFile(path, after);
}

const editFacts = (folder: string, change: (facts: any) => void) =>
  edit(join(folder, "run/run.json"), (text) => {
    const facts = JSON.parse(text);
    change(facts);
    return JSON.stringify(facts);
  });

Deno.test("a run whose recipe an earlier version wrote goes on: what that did not know is as by default", () =>
  withRun(async (folder) => {
    await edit(
      join(folder, "run/recipe.yaml"),
      (text) => text.replace(/^ {2}(clip_grad_norm|precision|trace): .*\n/gm, ""),
    );
    await assert.rejects(run(folder, { resume: true, set: ["train.precision=bf16"] }), (error: Error) => {
      assert.ok(error instanceof UsageError, `${error.stack}`);
      assert.match(error.message, /^ {2}train\.precision: "fp32" then, "bf16" now$/m);
      assert.doesNotMatch(error.message, /clip_grad_norm|trace/);
      return true;
    });
    await run(folder, { resume: true });
  }));

Deno.test("a class of another name, and pictures to evaluate on of another class, are other labels", () =>
  withRun(async (folder) => {
    const lists = ["train.txt", "val.txt"].map((name) => join(folder, name));
    for (const list of lists) {
      const before = await Deno.readTextFile(list);
      await edit(list, (text) => text.replace("\tstripes", "\trows"));
      await assert.rejects(run(folder, { resume: true }), (error: Error) => {
        assert.ok(error instanceof RunError, `${error.stack}`);
        assert.match(
          error.message,
          /^The images to evaluate on, or their classes, are not those that the run ".*" began with/,
        );
        return true;
      });
      // Nothing is measured of them without evaluators.
      await run(folder, { resume: true, maxSteps: 3, set: ["evaluate=null"] });
      await Deno.writeTextFile(list, before);
    }
    await run(folder, { resume: true });
  }));

Deno.test("a run that is evaluated from a resume on takes down which pictures that was", () =>
  withRun(async (folder) => {
    const images = async () => JSON.parse(await Deno.readTextFile(join(folder, "run/run.json"))).images;
    const { labels_sha256, gallery, queries } = await images();
    assert.deepEqual([labels_sha256.length, gallery, queries], [2, 12, 2]);
    await editFacts(
      folder,
      ({ images }) => Object.assign(images, { labels_sha256: null, gallery: 0, queries: 0 }),
    );
    await run(folder, { resume: true, maxSteps: 3 });
    assert.deepEqual(await images(), { ...await images(), labels_sha256, gallery, queries });
    await edit(join(folder, "val.txt"), (text) => text.replace("\tstripes", "\trows"));
    await assert.rejects(run(folder, { resume: true }), /are not those that the run ".*" began with/);
  }));

Deno.test("another device is told; another precision on it, which is other arithmetic, is refused", () =>
  withRun(async (folder) => {
    await editFacts(folder, (facts) => facts.device = "another device");
    const told = await run(folder, { resume: true, maxSteps: 3 });
    assert.match(
      told.join("\n"),
      /^Changed since the run began: the device is .*, no longer another device: the last bits may/m,
    );
    await editFacts(folder, (facts) => facts.student.trained_in = "bf16");
    await assert.rejects(
      run(folder, { resume: true }),
      /was trained in bf16, but would go on in fp32 on this device/,
    );
  }));

Deno.test("a run of an earlier version, which told no hashes, goes on with as many images, and tells them from then on", () =>
  withRun(async (folder) => {
    await editFacts(folder, (facts) => {
      delete facts.images.listing_sha256;
      delete facts.images.labels_sha256;
      delete facts.command;
    });
    await run(folder, { resume: true, maxSteps: 3 });
    const { images, command } = JSON.parse(await Deno.readTextFile(join(folder, "run/run.json")));
    assert.equal(command, null, "nor did it tell the command: the resume's is not the one that began it");
    assert.match(images.listing_sha256, /^[0-9a-f]{64}$/);
    await edit(join(folder, "train.txt"), (text) => text.replace("rows/1.png", "rows/0.png"));
    await assert.rejects(run(folder, { resume: true }), /The images are not those/);
  }));

Deno.test("a student of an end that was cut off is set aside when the run goes on to a later one", () =>
  withRun(async (folder) => {
    const file = (name: string) => join(folder, "run", name);
    await Deno.remove(file("summary.json")); // a kill between the student and the summary
    await run(folder, { resume: true, maxSteps: 0 }).catch(() => {}); // refused, and changes nothing
    assert.ok(await Deno.stat(file("student.safetensors")));
    const before = await Deno.readFile(file("student.safetensors"));
    await run(folder, { resume: true });
    assert.deepEqual(await Deno.readFile(file("student-step-2.safetensors")), before);
  }));

/** All files of a run, with what they hold. */
async function contentsOf(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name),
      inside = isDirectory ? await contentsOf(path) : [["", await latin1(path)]];
    for (const [below, text] of inside) found.set(join(name, below), text);
  }
  return found;
}

const latin1 = async (path: string) => new TextDecoder("latin1").decode(await Deno.readFile(path));

Deno.test("a run whose logger cannot start leaves nothing, whatever others have written, and can be started again", () =>
  withRun(async (folder) => {
    for (const isThere of [false, true]) {
      await Deno.remove(join(folder, "run"), { recursive: true });
      if (isThere) await Deno.mkdir(join(folder, "run"));
      await assert.rejects(run(folder, { set: [CANNOT_START] }), /"refusing-logger" failed: no connection/);
      const left = await contentsOf(folder);
      assert.deepEqual([...left.keys()].filter((path) => path.startsWith("run")), []);
      await run(folder, { maxSteps: 1 });
    }
  }));

Deno.test("a finished run stays as it is if it is to go on with a logger that cannot start", () =>
  withRun(async (folder) => {
    await run(folder, { resume: true });
    const before = await contentsOf(join(folder, "run"));
    for (const epochs of [2, 3]) {
      const longer = {
        extend: epochs > 2,
        set: [`train.epochs=${epochs}`, "evaluate.knn.k=1", CANNOT_START],
      };
      await assert.rejects(
        run(folder, { resume: true, ...longer }),
        /"refusing-logger" failed: no connection/,
      );
      const { events, ...after } = Object.fromEntries(await contentsOf(join(folder, "run")));
      assert.equal(events, "");
      assert.deepEqual(after, Object.fromEntries(before));
    }
    await run(folder, { resume: true, extend: true, set: ["train.epochs=3"] });
    assert.ok(await Deno.stat(join(folder, "run/summary-step-6.json")));
  }));

Deno.test("an end before what is done already is refused", () =>
  withRun(async (folder) => {
    await assert.rejects(
      run(folder, { resume: true, maxSteps: 1 }),
      /is at step 2 already, past its end at 1; leave --max-steps out/,
    );
    const { steps } = JSON.parse(await Deno.readTextFile(join(folder, "run/summary.json")));
    assert.equal(steps, 2);
  }));

Deno.test("a damaged record is told before anything changes", () =>
  withRun(async (folder) => {
    for (const name of ["summary.json", "run.json"]) {
      const path = join(folder, "run", name), before = await Deno.readTextFile(path);
      for (const damaged of ["", "{", "[1]", "null", before.slice(0, -5)]) {
        await Deno.writeTextFile(path, damaged);
        await assert.rejects(run(folder, { resume: true }), (error: Error) => {
          assert.ok(error instanceof RunError, `${error.stack}`);
          assert.match(
            error.message,
            new RegExp(`^The file ".*${name}" is damaged: it holds no JSON object`),
          );
          return true;
        });
        assert.equal(await Deno.readTextFile(path), damaged);
      }
      await Deno.writeTextFile(path, before);
    }
    await Deno.stat(join(folder, "run/student.safetensors")); // still that of its end
  }));

Deno.test("a line that is damaged on the way costs the run neither its end nor its report, and is told there", () =>
  withRun(async (folder) => {
    await run(folder, { resume: true, set: [`loggers=[{plugin: "${import.meta.url}#damaging"}]`] });
    const read = (name: string) => Deno.readTextFile(join(folder, "run", name));
    const { steps, metrics_problem } = JSON.parse(await read("summary.json"));
    assert.equal(steps, 6);
    assert.match(metrics_problem, /^Line 1 of ".*metrics\.jsonl" is damaged/);
    assert.match(await read("report.html"), /metrics_problem<\/dt>\s*<dd>Line/);
    // A resume leaves it out, and tells which steps it was of.
    await run(folder, { resume: true });
    assert.doesNotMatch(await read("metrics.jsonl"), /\?/);
    assert.match(await read("metrics-damaged.jsonl"), /^\?/);
  }));

Deno.test("a finished run that is resumed once more keeps what was measured", () =>
  withRun(async (folder) => {
    await run(folder, { resume: true });
    const summary = () => Deno.readTextFile(join(folder, "run/summary.json"));
    const before = await summary();
    assert.ok(JSON.parse(before).data_wait_seconds > 0);
    await run(folder, { resume: true });
    assert.equal(await summary(), before);
  }));

Deno.test("the summary tells the steps that a run has done, though their metrics are damaged or gone", () =>
  withRun(async (folder) => {
    await run(folder, { resume: true });
    const metrics = join(folder, "run/metrics.jsonl");
    const summary = async () => JSON.parse(await Deno.readTextFile(join(folder, "run/summary.json")));
    const { evaluations: _, ...before } = await summary();
    assert.deepEqual([before.steps, before.images_seen], [6, 24]);
    await edit(metrics, (text) => text.replace('{"step":6', "?"));
    await run(folder, { resume: true });
    const { evaluations: __, ...damaged } = await summary();
    assert.deepEqual(damaged, { ...before, steps_without_metrics: "6" });
    await Deno.remove(metrics);
    await Deno.remove(join(folder, "run/summary.json"));
    await run(folder, { resume: true });
    const { steps, images_seen, final_loss, steps_without_metrics } = await summary();
    assert.deepEqual([steps, images_seen, final_loss, steps_without_metrics], [6, 24, null, "1 to 6"]);
  }));

Deno.test("a finished run that is resumed without its evaluators keeps their figures", () =>
  withRun(async (folder) => {
    await run(folder, { resume: true });
    const read = (name: string) => Deno.readTextFile(join(folder, "run", name));
    const summary = await read("summary.json"), metrics = await read("metrics.jsonl");
    assert.equal(JSON.parse(summary).evaluations.at(-1).step, 6);
    await run(folder, { resume: true, set: ["evaluate=null"] });
    assert.equal(await read("summary.json"), summary);
    assert.equal(await read("metrics.jsonl"), metrics);
  }));

Deno.test("a picture to evaluate on that cannot be read any more can be left out by a resume", () =>
  withRun(async (folder) => {
    await Deno.writeTextFile(join(folder, "images/rows/6.png"), "no picture");
    await assert.rejects(run(folder, { resume: true }), /rows\/6\.png/);
    const told = await run(folder, { resume: true, set: ["data.on_error=skip", "evaluate.knn.k=1"] });
    assert.match(told.join("\n"), /data\.on_error is "skip", no longer "stop"/);
  }));

Deno.test("a run whose run.json is gone goes on, and is not told to have begun with its resume", () =>
  withRun(async (folder) => {
    await Deno.remove(join(folder, "run/run.json"));
    await run(folder, { resume: true });
    const { started, command, resumed } = JSON.parse(await Deno.readTextFile(join(folder, "run/run.json")));
    assert.deepEqual([started, command, resumed.length], [null, null, 1]);
    assert.equal(resumed[0].at_step, 2);
    assert.ok(Date.parse(resumed[0].started) > 0);
  }));
