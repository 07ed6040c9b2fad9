/**
 * Whole runs whose student begins from a file: an earlier run's student, its folder, its checkpoint. What is recorded of
 * it, what stays frozen, what is refused, and what a resume and several processes make of it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { SafetensorsFile, sha256OfFiles, writeSafetensors } from "@seed/core";
import { checkInitialWeights, distill, follow, loadRecipe, RecipeError, sha256OfFile } from "@seed/core/host";
import { DEFAULTS } from "../cli/defaults.ts";
import { ROOT, runCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { runTogether } from "./support/local_processes.ts";
import { inFolder } from "./support/plugin_context.ts";
import { checkpointName, metricsOf } from "./support/tiny_runs.ts";

const plugin = (name: string) => new URL(`./support/plugins.ts#${name}`, import.meta.url).href;

/** 12 images of two classes, 3 steps an epoch; without a teacher. */
const RECIPE = `version: 1
engine: { plugin: "${plugin("engine")}" }
data: { plugin: "@seed/data-image-folder", root: ROOT_OF_IMAGES }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 8 }
student: { plugin: "${plugin("studentWithHead")}", head: { hidden: 5, dim: 4 } }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-moco" }
train: { batch_size: 4, epochs: 2, lr: 0.1, workers: 1 }
evaluate: { knn: { k: 3 }, fingerprint: { plugin: "${plugin("fingerprint")}" } }
loggers: []
`;

/** What tests do with runs in a folder. */
class Runs {
  readonly told: string[] = [];
  readonly host = {
    log: (line: string) => void this.told.push(line),
    signal: new AbortController().signal,
  };

  constructor(readonly folder: string) {}

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  async load(...overrides: string[]) {
    return await loadRecipe(this.path("recipe.yaml"), { defaults: { ...DEFAULTS, loggers: [] }, overrides });
  }

  async run(
    name: string,
    overrides: string[] = [],
    { maxSteps = null, resume = false }: { maxSteps?: number | null; resume?: boolean } = {},
  ): Promise<void> {
    await distill(await this.load(...overrides), { out: this.path(name), maxSteps, resume }, this.host);
  }

  async evaluations(name: string): Promise<Map<string, unknown>> {
    const lines = (await metricsOf(this.path(name))).filter((line) => "evaluation" in line);
    return new Map(lines.map(({ step, network, evaluation }) => [`${network} ${step}`, evaluation]));
  }

  async facts(name: string) {
    return JSON.parse(await Deno.readTextFile(this.path(name, "run.json")));
  }
}

/** Tests beside a finished run, `first`. */
async function besideRun(test: (runs: Runs) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    await makeImageFolder(join(folder, "images"), { train: 6, val: 2 }, ["rows", "stripes"]);
    await Deno.writeTextFile(
      join(folder, "recipe.yaml"),
      RECIPE.replace("ROOT_OF_IMAGES", `${folder}/images`),
    );
    const runs = new Runs(folder);
    await runs.run("first");
    await test(runs);
  });
}

async function tensorsOf(path: string, prefix = ""): Promise<Map<string, Float32Array>> {
  using file = await SafetensorsFile.open(path);
  const names = [...file.tensors.keys()].filter((name) =>
    name.startsWith(prefix) && !/num_batches/.test(name)
  );
  return new Map(names.map((name) => [name.slice(prefix.length), file.read(name)]));
}

/** Writes a file's tensors into two, with an index. @returns the index and the two. */
async function writeShards(path: string, folder: string): Promise<string[]> {
  using file = await SafetensorsFile.open(path);
  const tensors = [...file.tensors].map(([name, { shape }]) => ({ name, shape, data: file.read(name) }));
  const names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  await Deno.mkdir(folder);
  const parts = [tensors.slice(0, 9), tensors.slice(9)];
  for (const [i, part] of parts.entries()) {
    await writeSafetensors(join(folder, names[i]), part, { ...file.metadata });
  }
  const weight_map = Object.fromEntries(parts.flatMap((part, i) => part.map(({ name }) => [name, names[i]])));
  const index = join(folder, "model.safetensors.index.json");
  await Deno.writeTextFile(index, JSON.stringify({ weight_map }));
  return [index, ...names.map((name) => join(folder, name))];
}

async function hashOf(files: string[]): Promise<string> {
  return files.length === 1 ? await sha256OfFile(files[0]) : (await sha256OfFiles(files)).all;
}

Deno.test("a student begins from a run's folder, its file, several files or its checkpoint: its first figures are the run's last", () =>
  besideRun(async (runs) => {
    const first = await runs.evaluations("first"), student = runs.path("first/student.safetensors");
    const before = await tensorsOf(student);
    assert.deepEqual([...first.keys()], ["untrained 0", "student 6"]);
    const checkpoint = runs.path("first/checkpoints", checkpointName(6));
    const shards = await writeShards(student, runs.path("model"));
    const of = {
      shards: ["model", shards[0]],
      folder: ["first", student],
      file: ["first/student.safetensors", student],
      checkpoint: [checkpoint, checkpoint],
    };
    for (const [name, [weights, file]] of Object.entries(of)) {
      await runs.run(name, [`student.weights=${resolve(runs.folder, weights)}`, "seed=7"], { maxSteps: 3 });
      const found = await runs.evaluations(name);
      assert.deepEqual([...found.keys()], ["untrained 0", "initial 0", "student 3"]);
      assert.deepEqual(found.get("initial 0"), first.get("student 6"));
      assert.deepEqual(
        await tensorsOf(runs.path(name, "checkpoints", checkpointName(0)), "student."),
        before,
      );
      const { student: { weights: record } } = await runs.facts(name);
      const { left, ...told } = record;
      assert.deepEqual(told, {
        ...{
          file,
          sha256: await hashOf(name === "shards" ? shards : [file]),
          tensors: before.size,
          fresh: 0,
          notes: [],
        },
        layout: name === "checkpoint" ? "seed checkpoint" : "seed student",
      });
      assert.equal(
        left > 0,
        name === "checkpoint",
        "the checkpoint's momenta and queue, nothing of the student's file",
      );
    }
    // Of noise it would be another student, by the seed.
    assert.notDeepEqual((await runs.evaluations("file")).get("untrained 0"), first.get("student 6"));
    assert.equal((await runs.facts("first")).student.weights, null);
  }));

Deno.test("the momentum encoder and the average begin from the file too", () =>
  besideRun(async (runs) => {
    const weights = `student.weights=${runs.path("first")}`;
    await runs.run("second", [weights, "seed=7", "train.ema=0.9"], { maxSteps: 0 });
    const before = await tensorsOf(runs.path("first/student.safetensors"));
    for (const prefix of ["student.", "ema.", "momentum_encoder."]) {
      assert.deepEqual(
        await tensorsOf(runs.path("second/checkpoints", checkpointName(0)), prefix),
        before,
        prefix,
      );
    }
  }));

Deno.test("a head that does not fit begins from noise, which is said and recorded", () =>
  besideRun(async (runs) => {
    await runs.run("second", [`student.weights=${runs.path("first")}`, "student.head.hidden=3"], {
      maxSteps: 0,
    });
    const { student: { weights: { fresh, left, notes } } } = await runs.facts("second");
    assert.deepEqual([fresh, left], [4, 4]);
    assert.match(
      notes.join(),
      /^the projection head begins from noise: the file's does not fit, "head\.0\.weight"/,
    );
    const told = runs.told.filter((line) => line.startsWith('The student begins from "'));
    assert.equal(told.length, 1);
    assert.match(told[0], /first\/student\.safetensors", but the projection head begins from noise/);
  }));

for (const more of [[], ["train.ema=0.9"], ["train.optimizer=adamw", "train.lr=0.01", "train.head_lr=0.1"]]) {
  Deno.test(`what is frozen is the file's to the bit after training (${more.join(" ") || "sgd"})`, () =>
    besideRun(async (runs) => {
      const sets = [
        `student.weights=${runs.path("first")}`,
        "train.freeze=[conv1, 'bn*.bias', bn1]",
        ...more,
      ];
      await runs.run("second", sets);
      const before = await tensorsOf(runs.path("first/student.safetensors"));
      const after = await tensorsOf(runs.path("second/student.safetensors"));
      const frozen = [...after.keys()].filter((name) => /^(conv1|bn1)\.|^bn.*\.bias$/.test(name));
      assert.equal(frozen.length, 6);
      for (const [name, values] of after) {
        (frozen.includes(name) ? assert.deepEqual : assert.notDeepEqual)(values, before.get(name), name);
      }
      const checkpoint = runs.path("second/checkpoints", checkpointName(6));
      const [moments] = [...more.length && more[0].includes("adamw") ? ["first_moment"] : ["momentum"]];
      const state = await tensorsOf(checkpoint, `optimizer.${moments}.`);
      assert.deepEqual([...state.keys()].filter((name) => frozen.includes(name)), []);
      assert.ok(state.has("conv2.weight"));
      const keys = await tensorsOf(checkpoint, "momentum_encoder.");
      for (const name of frozen) {
        assert.deepEqual(keys.get(name), before.get(name), `momentum encoder's ${name}`);
      }
      const { student: { parameters, frozen_parameters } } = await runs.facts("second");
      assert.equal(frozen_parameters, 3 * 8 * 9 + 8 + 8 + 8); // conv1, bn1, bn2.bias
      assert.ok(parameters > frozen_parameters);
      // A resume goes on to the same end.
      await runs.run("third", sets, { maxSteps: 4 });
      await runs.run("third", sets, { resume: true });
      assert.deepEqual(await tensorsOf(runs.path("third/student.safetensors")), after);
    }));
}

Deno.test("what cannot be begun from is refused before anything is made, with its place", () =>
  besideRun(async (runs) => {
    const refuse = async (overrides: string[], message: RegExp) => {
      await assert.rejects(
        async () => void await checkInitialWeights(await runs.load(...overrides)),
        (error: Error) => {
          assert.ok(error instanceof RecipeError, `${error.stack}`);
          assert.match(error.message, message);
          return true;
        },
      );
      await assert.rejects(runs.run("never", overrides), message);
    };
    const set = (path: string) => `student.weights=${runs.path(path)}`;
    await refuse([set("none.pth")], /--set student\.weights=.*: There is no file of weights ".*none\.pth"/);
    await refuse([set("images")], /images" is a folder without weights of a known name/);
    await refuse([set("recipe.yaml")], /no file of weights that is read/);
    await runs.run("begun", [], { maxSteps: 0 });
    await Deno.remove(runs.path("begun/student.safetensors"));
    await refuse(
      [set("begun")],
      /has not come to its end.*its newest checkpoint, ".*step-0000000\.safetensors"/,
    );
    await refuse(
      [set("first"), `student.sha256=${"ab".repeat(32)}`],
      /--set student\.sha256=.*has the SHA-256 [0-9a-f]{64}, but (ab){32} is expected/,
    );
    await writeSafetensors(runs.path("other.safetensors"), [
      { name: "conv2.weight", shape: [8, 1, 3, 3], data: new Float32Array(72) },
      { name: "head.0.weight", shape: [1, 8], data: new Float32Array(8) },
    ], {});
    await refuse([set("other.safetensors")], /do not fit tiny: missing "conv1\.weight"/);
    const without = [`student={ plugin: '${plugin("student")}', weights: x }`];
    await assert.rejects(
      runs.load(...without),
      /"test-student" cannot begin from a file: its plugin has no loadWeights/,
    );
    await assert.rejects(
      runs.load("student.allow_unused=true"),
      /Nothing reads "allow_unused": the student begins from/,
    );
    await assert.rejects(Deno.stat(runs.path("never")), Deno.errors.NotFound);
  }));

Deno.test("what names nothing of the student, or leaves nothing to train, is refused by validate", () =>
  besideRun(async (runs) => {
    const refuse = (set: string, message: RegExp) => assert.rejects(runs.load(set), message);
    await refuse(
      "train.freeze=[conv1, cnv2]",
      /--set .*: "cnv2" names nothing of the student\. Did you mean "conv2"\?/,
    );
    await refuse(
      "train.freeze=[stages]",
      /"stages" names nothing of the student\. It is made of conv1, bn1, conv2, bn2, head$/,
    );
    await refuse("train.freeze=['*']", /All of the student is frozen: nothing is trained/);
    await assert.rejects(
      runs.load("train.freeze=[head]", "train.head_lr=1"),
      /The projection head is frozen, so that nothing has this rate/,
    );
    const deaf = `student={ plugin: '${plugin("student")}' }`; // tells no names, and freezes nothing
    await assert.rejects(
      runs.run("never", [deaf, "train.freeze=[cnv2]"]),
      /train\.freeze\.0: "cnv2" names nothing/,
    );
    await assert.rejects(
      runs.run("never", [deaf, "train.freeze=[conv1]"]),
      /The student "test-student" does not freeze "conv1\.weight".*hand isFrozen of its context/,
    );
  }));

Deno.test("validate refuses a file of another network on the command line, and takes the right one", () =>
  besideRun(async (runs) => {
    const recipe = "recipes/demo_long.yaml", weights = runs.path("first/student.safetensors");
    const wrong = await runCli(["validate", recipe, "--set", `student.weights=${weights}`], { cwd: ROOT });
    assert.equal(wrong.code, 2, wrong.stderr);
    assert.match(wrong.stderr, /--set student\.weights=.*are in no layout that is read for efficientnet_b0/);
    const right = await runCli(
      ["validate", runs.path("recipe.yaml"), "--set", `student.weights=${weights}`],
      {
        cwd: ROOT,
      },
    );
    assert.equal(right.code, 0, right.stderr);
  }));

Deno.test("a resume takes the checkpoint, not the file, and no other file", () =>
  besideRun(async (runs) => {
    const file = runs.path("begin.safetensors"), sets = [`student.weights=${file}`];
    await Deno.copyFile(runs.path("first/student.safetensors"), file);
    await runs.run("whole", sets);
    await runs.run("second", sets, { maxSteps: 2 });
    const { student } = await runs.facts("second");
    await Deno.remove(file);
    await assert.rejects(
      runs.run("second", [`student.weights=${runs.path("first")}`], { resume: true }),
      /^UsageError: The recipe is not the one .*\n {2}student\.weights: ".*begin\.safetensors" then, ".*first" now/,
    );
    await runs.run("second", sets, { resume: true });
    for (const name of ["metrics.jsonl", "student.safetensors"]) {
      const [a, b] = await Promise.all(["whole", "second"].map((run) => Deno.readFile(runs.path(run, name))));
      if (name.endsWith("safetensors")) assert.deepEqual(a, b);
    }
    assert.deepEqual(await metricsOf(runs.path("second")), await metricsOf(runs.path("whole")));
    assert.deepEqual((await runs.facts("second")).student, student);
    // Before the first step as well, where the first figures are still to come.
    await Deno.copyFile(runs.path("first/student.safetensors"), file);
    await runs.run("third", sets, { maxSteps: 0 });
    await Deno.remove(file);
    await runs.run("third", sets, { resume: true });
    assert.deepEqual(await metricsOf(runs.path("third")), await metricsOf(runs.path("whole")));
  }));

Deno.test("two processes begin from the same file, and are told if theirs differ", () =>
  besideRun(async (runs) => {
    const weights = (name: string) => `student.weights=${runs.path(name)}`;
    const together = (out: string, ...files: string[]) =>
      runTogether(2, async (processes) => {
        const recipe = await runs.load(weights(files[processes.rank]));
        // Their recipes name one path, where each host may have a file of its own.
        const alike = { ...recipe, resolved: "the same" };
        const options = { out: runs.path(out), maxSteps: 2, resume: false };
        if (processes.rank === 0) await distill(alike, options, runs.host, processes);
        else await follow(alike, { maxSteps: 2 }, runs.host, processes);
      });
    await runs.run("alone", [weights("first"), "train.accumulate=2"], { maxSteps: 2 });
    await together("two", "first", "first");
    assert.deepEqual(await runs.evaluations("two"), await runs.evaluations("alone"));
    assert.deepEqual(
      await tensorsOf(runs.path("two/student.safetensors")),
      await tensorsOf(runs.path("alone/student.safetensors")),
    );
    await assert.rejects(
      together("differing", "first", "alone"),
      /Process 1 on .* has the weights that the student begins from "[0-9a-f]{64}", but process 0/,
    );
  }));

Deno.test("terminal, summary and report show both rows of a student that begins from a file", () =>
  besideRun(async (runs) => {
    await runs.run("second", [`student.weights=${runs.path("first")}`], { maxSteps: 1 });
    const { evaluations } = JSON.parse(await Deno.readTextFile(runs.path("second/summary.json")));
    assert.deepEqual(evaluations.map(({ network }: { network: string }) => network), [
      "untrained",
      "initial",
      "student",
    ]);
    const report = await Deno.readTextFile(runs.path("second/report.html"));
    for (const network of ["untrained", "initial"]) assert.match(report, new RegExp(`<th>${network}</th>`));
    assert.match(report, /<dt>student\.weights\.sha256<\/dt>\s*<dd>[0-9a-f]{64}/);
  }));
