/**
 * The verbs on a run, as users call them: what they print, what they write, and their exit codes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type NamedArray, SafetensorsFile, writeSafetensors } from "@seed/core";
import { networkNamed, openWeights } from "@seed/nn";
import { FrozenNetwork } from "@seed/nn/host";
import { ROOT, runCli, startCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { readNpy } from "./support/npy.ts";

const TEACHER = new URL("./support/batch_dependent_teacher.ts", import.meta.url).href;

/** 18 images make 4 steps an epoch. */
const RECIPE = `# Small pictures
version: 1
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 32 }
teacher: { plugin: "${TEACHER}", cache: { views: 2 } }
student: { plugin: "@seed/student-resnet", depth: 18, head: { hidden: 16 } }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-seed" }
train: { batch_size: 4, epochs: 1, lr: 0.03 }
evaluate: { knn: { k: 3 }, retrieval: {}, agreement: { k: 3 } }
engine: { trace: false }
`;

/** The one JSON object that must be all of standard output. */
function only(stdout: string): Record<string, any> {
  assert.equal(stdout.trimEnd().split("\n").length, 1, stdout);
  const value = JSON.parse(stdout);
  assert.ok(typeof value === "object" && !Array.isArray(value));
  return value;
}

async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await filesBelow(`${folder}/${name}`));
    else found.push(`${folder}/${name}`);
  }
  return found.sort();
}

/** The student's tensors under MoCo's names, with what else MoCo's files hold. */
async function writeAsMoco(student: string, path: string): Promise<void> {
  using file = await SafetensorsFile.open(student);
  const tensors: NamedArray[] = [{ name: "module.queue", shape: [2, 3], data: new Float32Array(6) }];
  for (const [name, { shape }] of file.tensors) {
    const inner = name.replace(/^head\./, "fc."), data = file.read(name);
    tensors.push({ name: `module.encoder_q.${inner}`, shape, data });
    tensors.push({ name: `module.encoder_k.${inner}`, shape, data });
  }
  await writeSafetensors(path, tensors, {});
}

Deno.test("distill, eval, embed and ls on one run", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "seed-cli-" });
  const cli = (...args: string[]) => runCli(args, { cwd: folder });
  const file = (name: string) => `${folder}/${name}`;
  let summary: Record<string, any> = {};
  try {
    await makeImageFolder(file("images"), { train: 6, val: 2 });
    await makeImageFolder(file("others"), { train: 3, val: 1 });
    await Deno.writeTextFile(file("recipe.yaml"), RECIPE);

    await t.step("distill --dry-run tells what a run would be like, and writes nothing", async () => {
      const before = await filesBelow(folder);
      const args = ["distill", "recipe.yaml", "--dry-run", "--set", "train.epochs=5"];
      const { code, stdout, stderr } = await cli(...args, "--out", "runs/new", "--json");
      assert.equal(code, 0, stderr);
      const dry = only(stdout);
      assert.deepEqual(dry.shapes, {
        views: [[4, 32, 32, 3]],
        teacher: [[4, 12]],
        features: [4, 512],
        embedding: [4, 12],
        queues: [[16, 12]],
      });
      assert.deepEqual([dry.images, dry.steps_per_epoch, dry.steps], [18, 4, 20]);
      // ResNet-18 without classifier, and the head: 512 to 16 to 12.
      assert.equal(dry.student.parameters, 11176512 + 512 * 16 + 16 + 16 * 12 + 12);
      assert.equal(dry.precision.train, "fp32");
      const auto = only((await cli(...args, "--json", "--set", "train.precision=auto")).stdout);
      assert.deepEqual(auto.precision, { train: dry.precision.auto, auto: dry.precision.auto });
      assert.ok(dry.loss > 0 && dry.memory_bytes > 1e8);
      // Two fixed views of each image: the teacher is not asked again after two epochs of the five.
      const expected = 8 * dry.seconds_per_step + 12 * dry.seconds_per_cached_step;
      assert.ok(dry.seconds_per_cached_step > 0 && Math.abs(dry.seconds - expected) < 1e-9);
      assert.deepEqual(await filesBelow(folder), before);
      assert.deepEqual((await cli(...args, "--resume")).code, 2);
      const used = await cli(...args, "--out", "images");
      assert.equal(used.code, 2);
      assert.match(used.stderr, /^The folder "images" is not empty/);
    });

    await t.step("distill --json prints the summary alone on standard output", async () => {
      const { code, stdout, stderr } = await cli("distill", "recipe.yaml", "--out", "runs/a", "--json");
      assert.equal(code, 0, stderr);
      summary = only(stdout);
      const { directory, ...written } = summary;
      assert.equal(directory, "runs/a");
      assert.deepEqual(written, JSON.parse(await Deno.readTextFile(file("runs/a/summary.json"))));
      assert.equal(written.steps, 4);
    });

    await t.step("eval repeats the run's last figures, and the teacher's", async () => {
      // Its teacher is a module of this test's, which a run's folder alone may not have imported.
      const refused = await cli("eval", "--run", "runs/a", "--json");
      assert.equal(refused.code, 2);
      assert.match(
        refused.stderr,
        /batch_dependent_teacher\.ts" does not come with SEED, .* add --allow-plugins/,
      );
      const { code, stdout, stderr } = await cli("eval", "--run", "runs/a", "--json", "--allow-plugins");
      assert.equal(code, 0, stderr);
      const { evaluations, gallery, queries, network } = only(stdout);
      assert.deepEqual([gallery, queries, network], [18, 6, "resnet18"]);
      for (const name of ["teacher", "student"]) {
        const ours = evaluations.find((one: any) => one.network === name);
        const then = summary.evaluations.findLast((one: any) => one.network === name);
        assert.deepEqual(ours.evaluation, then.evaluation, name);
      }
    });

    await t.step("eval with other data, and the evaluators that are named", async () => {
      const flags = ["--data", "others", "--knn", "--set", "evaluate.knn.k=1"];
      const { code, stdout, stderr } = await cli("eval", "--run", "runs/a", ...flags);
      assert.equal(code, 0, stderr);
      const [header, student, ...more] = stdout.trimEnd().split("\n");
      assert.match(header, /^network +knn top1$/);
      assert.match(student, /^student +(\d+\.\d) %$/);
      assert.deepEqual(more, []);
      assert.match(stderr, /Embedding 9 \+ 3 images with the student/);
    });

    await t.step(
      "eval repeats a run's fine-tuning with few labels; eval --semi does it with other shares",
      async () => {
        const semi = "evaluate={ semi: { splits: [{ labels: 0.5 }], epochs: 2, drops: [1] } }";
        const flags = ["--max-steps", "1", "--set", semi, "--json"];
        const run = await cli("distill", "recipe.yaml", "--out", "runs/semi", ...flags);
        assert.equal(run.code, 0, run.stderr);
        const then = only(run.stdout).evaluations.at(-1);
        assert.deepEqual(Object.keys(then.evaluation.semi), ["top1_50_percent"]);
        const evaluated = async (...more: string[]) => {
          const { code, stdout, stderr } = await cli("eval", "--run", "runs/semi", "--json", ...more);
          assert.equal(code, 0, stderr);
          const { evaluations } = only(stdout);
          assert.equal(evaluations.length, 1);
          return evaluations[0];
        };
        assert.deepEqual((await evaluated()).evaluation, then.evaluation);
        const { details } = await evaluated("--semi", "0.2");
        assert.match(
          details.semi.protocol,
          /^fine-tuned with 3 labels, 20 epochs, .*, a fifth after 12 and 16$/,
        );
        // The teacher is not fine-tuned, so its row has no figure there, and every figure stands under its name.
        const table = await cli(
          "eval",
          "--run",
          "runs/semi",
          "--semi",
          "0.5",
          "--agreement",
          ...["--allow-plugins", "--set", "evaluate.agreement.k=3"],
        );
        assert.equal(table.code, 0, table.stderr);
        const [names, ...rows] = table.stdout.trimEnd().split("\n").map((row) => row.split(/ {2,}/));
        const named = rows.map((row) => Object.fromEntries(row.map((cell, i) => [names[i], cell])));
        assert.deepEqual(named.map(({ network }) => network), ["teacher", "student"]);
        assert.deepEqual(named.map((row) => row["semi top1_50_percent"] === "-"), [true, false]);
        assert.deepEqual(named[0]["agreement overlap"], "100.0 %");
        assert.deepEqual(rows.map((row) => row.length), [names.length, names.length]);
      },
    );

    await t.step("eval of the student's file gives the run's figures", async () => {
      const subject = [
        "--network",
        "resnet18",
        "--weights",
        "runs/a/student.safetensors",
        "--data",
        "images",
      ];
      const { code, stdout, stderr } = await cli("eval", ...subject, "--retrieval", "--json");
      assert.equal(code, 0, stderr);
      const { evaluations, ...facts } = only(stdout);
      assert.deepEqual(facts, {
        ...{ network: "resnet18", weights: "runs/a/student.safetensors", layout: "seed student" },
        ...{ gallery: 18, queries: 6, skipped_images: 0 },
      });
      const then = summary.evaluations.findLast((one: any) => one.network === "student");
      assert.deepEqual(evaluations[0].evaluation.retrieval, then.evaluation.retrieval);
      const { code: usage, stderr: says } = await cli("eval", ...subject, "--agreement");
      assert.equal(usage, 2);
      assert.match(says, /--agreement compares with a run's teacher: it needs --run/);
    });

    await t.step(
      "eval on a recipe's data: what a list has instead of a folder, without the image that is broken",
      async () => {
        const listOf = async (split: string, ...more: string[]) => {
          const paths = (await filesBelow(file(`images/${split}`))).sort();
          const lines = paths.map((path) => `${path}\t${path.split("/").at(-2)}\n`);
          await Deno.writeTextFile(file(`${split}.txt`), [...lines, ...more].join(""));
        };
        await Deno.writeTextFile(file("broken.png"), "no picture");
        await listOf("train", "broken.png\tcircles\n");
        await listOf("val");
        const data = '{ plugin: "@seed/data-list", root: train.txt, queries: val.txt, on_error: skip }';
        await Deno.writeTextFile(file("lists.yaml"), `extends: recipe.yaml\ndata: ${data}\n`);
        const subjects = [
          ["--run", "runs/a"],
          ["--network", "resnet18", "--weights", "runs/a/student.safetensors"],
        ];
        for (const subject of subjects) {
          const { code, stdout, stderr } = await cli(
            ...["eval", ...subject, "--data", "lists.yaml", "--retrieval", "--json"],
          );
          assert.equal(code, 0, stderr);
          const { gallery, queries, skipped_images, evaluations } = only(stdout);
          assert.deepEqual([gallery, queries, skipped_images], [18, 6, 1]);
          const then = summary.evaluations.findLast((one: any) => one.network === "student");
          assert.deepEqual(evaluations.at(-1).evaluation.retrieval, then.evaluation.retrieval);
        }
        const { code, stderr } = await cli(
          ...["eval", ...subjects[0], "--data", "lists.yaml", "--retrieval", "--set", "data.on_error=stop"],
        );
        assert.equal(code, 1);
        assert.match(stderr, /broken\.png.*by --on-error skip$/m);
        // A folder has no recipe to say it: the flag does; and a list's missing file is told before the engine opens.
        await Deno.copyFile(file("broken.png"), file("images/val/circles/broken.png"));
        const ofFolder = ["--data", "images", "--retrieval", "--json"];
        for (const subject of subjects) {
          const left = await cli("eval", ...subject, ...ofFolder, "--on-error", "skip");
          assert.equal(left.code, 0, left.stderr);
          const { gallery, queries, skipped_images } = only(left.stdout);
          assert.deepEqual([gallery, queries, skipped_images], [18, 6, 1]);
        }
        await Deno.remove(file("images/val/circles/broken.png"));
        await listOf("train", "gone.png\tcircles\n");
        const gone = await cli(
          ...["eval", ...subjects[0], "--data", "lists.yaml", "--retrieval", "--on-error", "stop"],
        );
        assert.equal(gone.code, 1);
        assert.match(
          gone.stderr,
          /^1 of the 19 images cannot be opened: "train\.txt:19\/gone\.png" \(there is no file ".*\/gone\.png"\)/m,
        );
      },
    );

    await t.step("embed --run equals embed with the student under MoCo's names", async () => {
      await writeAsMoco(file("runs/a/student.safetensors"), file("moco.bin"));
      const place = ["--images", "images/val", "--layer", "head", "--out"];
      const run = await cli("embed", "--run", "runs/a", ...place, "run.npy");
      const moco = ["--network", "resnet18", "--weights", "moco.bin", "--crop", "32"];
      const other = await cli("embed", ...moco, ...place, "moco.npy");
      assert.deepEqual([run.code, other.code], [0, 0], run.stderr + other.stderr);
      const [a, b] = [await readNpy(file("run.npy")), await readNpy(file("moco.npy"))];
      assert.deepEqual([a.rows, a.dim, b.rows, b.dim], [6, 12, 6, 12]);
      const largest = a.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const off = a.values.reduce((most, value, i) => Math.max(most, Math.abs(value - b.values[i])), 0);
      assert.ok(off < 1e-5 * largest, `off by ${off} of ${largest}`);
    });

    await t.step("the student in a checkpoint is found", async () => {
      using checkpoint = await openWeights(file("runs/a/checkpoints/step-0000004.safetensors"));
      using network = FrozenNetwork.load(checkpoint, networkNamed("resnet18"));
      assert.deepEqual([network.layout.name, network.headDim], ["seed checkpoint", 12]);
    });

    await t.step("Ctrl-C ends distill with 130 and a checkpoint, from which --resume goes on", async () => {
      const flags = [
        "--set",
        "train.epochs=1000",
        "--set",
        "evaluate={}",
        "--set",
        "checkpoint.every_steps=1000",
      ];
      const into = ["--out", "runs/b"];
      const process = startCli(["distill", "recipe.yaml", ...flags, ...into], { cwd: folder });
      await untilThereIs(file("runs/b/metrics.jsonl"));
      process.kill("SIGINT");
      const { code, stderr } = await process.outcome;
      assert.equal(code, 130, stderr);
      assert.match(stderr, /Interrupted: writing a checkpoint/);
      assert.match(
        stderr,
        /Go on with: .*deno run .*main\.ts distill recipe\.yaml --set train\.epochs=1000 .* --out runs\/b --resume\n/,
      );
      const listed = only((await cli("ls", "runs", "--json")).stdout).runs;
      const [a, b] = listed;
      assert.deepEqual([a.path, a.state, a.step, a.loss], ["runs/a", "finished", 4, summary.final_loss]);
      assert.deepEqual(a.figures, summary.evaluations.at(-1).evaluation);
      assert.deepEqual([b.path, b.state, b.figures], ["runs/b", "resumable", null]);
      assert.ok(b.step >= 1);

      const unfinished = await cli("eval", "--run", "runs/b");
      assert.equal(unfinished.code, 1);
      assert.match(unfinished.stderr, /^The run "runs\/b" is not finished: it has no "student\.safetensors"/);

      const more = [...into, "--resume", "--max-steps", `${b.step + 1}`];
      const resumed = await cli("distill", "recipe.yaml", ...flags, ...more);
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.match(resumed.stderr, new RegExp(`resuming after ${b.step}\n`));
      assert.match((await cli("ls", "runs")).stdout, new RegExp(`runs/b +finished, ${b.step + 1} steps`));
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Waits for a file with something in it. */
async function untilThereIs(path: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if ((await Deno.stat(path).catch(() => null))?.size) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`There is no ${path} after a minute`);
}

Deno.test("eval takes no flag that is not there yet, and no folder that is not a run's", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { code: usage, stderr: unknown, stdout } = await runCli(["eval", "--run", folder, "--detection"]);
    assert.deepEqual([usage, stdout], [2, ""]);
    assert.match(unknown, /^Unknown flag "--detection"/);
    const { code, stderr } = await runCli(["eval", "--run", folder]);
    assert.equal(code, 2);
    assert.match(stderr, /is not the folder of a run: it has no "recipe\.yaml"\n$/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("ls lists recipes, plugins and networks without an engine", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const env = { SEED_CACHE_DIR: `${folder}/cache`, SEED_TENSORFLOW_DIR: `${folder}/nowhere` };
    const { code, stdout, stderr } = await runCli(["ls", "--json"], { cwd: folder, env });
    assert.equal(code, 0, stderr);
    const { recipes, plugins, networks, runs } = only(stdout);
    const demo = recipes.find(({ path }: { path: string }) => path.endsWith("recipes/demo.yaml"));
    assert.match(demo.title, /^SEED on emoji/);
    const kinds = new Map(plugins.map(({ name, kind }: { name: string; kind: string }) => [name, kind]));
    assert.equal(kinds.get("@seed/objective-seed"), "objective");
    assert.equal(kinds.get("@seed/engine-tensorflow"), "engine");
    const resnet = networks.find(({ name }: { name: string }) => name === "resnet50");
    assert.deepEqual([resnet.parameters, resnet.feature_dim, resnet.input_size], [23508032, 2048, 224]);
    assert.ok(resnet.layouts.includes("moco v2"));
    assert.deepEqual(runs, []);
    const wrong = await runCli(["ls", "network"], { cwd: folder, env });
    assert.equal(wrong.code, 2);
    assert.equal(wrong.stderr, `Cannot list "network". Did you mean "networks"?\n`);
    assert.deepEqual(await filesBelow(folder), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("doctor says what is wrong and what to do, and installs nothing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const fresh = await runCli(["doctor", "--json"], {
      env: { SEED_CACHE_DIR: `${folder}/cache`, SEED_RUN_TOKEN: "a secret" },
    });
    const { ok, checks } = only(fresh.stdout);
    assert.deepEqual([fresh.code, ok], [0, true], fresh.stdout);
    const said = (subject: string) =>
      checks.find((check: { subject: string }) => check.subject === subject).message;
    assert.match(said("TensorFlow"), /^Not installed yet: the first run installs \d/);
    assert.match(said("EfficientNet-Lite2"), /not fetched yet/);
    assert.match(said("Emoji"), /noto 1\.\d/);
    assert.doesNotMatch(fresh.stdout + fresh.stderr, /a secret/);

    // No pip on the path, a library that is not there, and a misspelt variable.
    const env = { PATH: folder, SEED_TENSORFLOW_DIR: folder, SEED_CACHE_DIRECTORY: folder };
    const { code, stdout } = await runCli(["doctor"], { env });
    assert.equal(code, 1);
    const problems = stdout.split("\n").filter((line) => line.startsWith("PROBLEM"));
    assert.equal(problems.length, 3, stdout);
    assert.match(problems[0], /pip +Cannot find pip .* install Python 3 with pip/);
    assert.match(
      problems[1],
      /SEED_CACHE_DIRECTORY +Nothing reads this variable; did you mean SEED_CACHE_DIR\?/,
    );
    assert.match(problems[2], /engine-tensorflow +SEED_TENSORFLOW_DIR names a folder without/);
    assert.deepEqual(await filesBelow(folder), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("validate checks several recipes, and fails if one is wrong", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/good.yaml`, RECIPE);
    await Deno.writeTextFile(`${folder}/bad.yaml`, RECIPE.replace("size: 16", "sise: 16"));
    const paths = ["good.yaml", "bad.yaml", "missing.yaml"];
    const { code, stdout, stderr } = await runCli(["validate", ...paths], { cwd: folder });
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(
      stderr,
      /^good\.yaml: valid\nbad\.yaml:7:\d+: Unknown option "sise"[^]*\nThere is no recipe "missing/,
    );
    const json = await runCli(["validate", ...paths, "--json", "--resolved"], { cwd: folder });
    assert.equal(json.code, 2);
    const { recipes } = only(json.stdout);
    assert.deepEqual(recipes.map(({ valid }: { valid: boolean }) => valid), [true, false, false]);
    assert.match(recipes[0].resolved, /^version: 1\n/);
    assert.equal((await runCli(["validate"])).code, 2);
    const three = await runCli(["validate", "good.yaml", "--processes", "3"], { cwd: folder });
    assert.equal(three.code, 2);
    assert.match(three.stderr, /^good\.yaml: train\.batch_size \d+ cannot be dealt out to 3 processes/);
    assert.equal(
      (await runCli(["validate", "good.yaml", "--processes", "2", "--set", "teacher.cache=null"], {
        cwd: folder,
      })).code,
      0,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("every verb has a task, and help that names its flags", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const all = await runCli([]);
  assert.equal(all.code, 2);
  const verbs = [...all.stdout.matchAll(/^ {2}(\w+) /gm)].map(([, verb]) => verb);
  assert.deepEqual(verbs, [
    "new",
    "distill",
    "cache",
    "eval",
    "embed",
    "export",
    "explore",
    "view",
    "pack",
    "validate",
    "report",
    "ls",
    "doctor",
  ]);
  for (const verb of verbs) {
    assert.match(tasks[verb], new RegExp(`^deno run --allow-read .* cli/task\\.ts ${verb}$`));
    const { help } = await import(`../cli/${verb}.ts`);
    assert.match(help, new RegExp(`^Usage: deno task ${verb} `));
    assert.match(help, /--json/);
  }
  const wrong = await runCli(["distil"]);
  assert.equal(wrong.code, 2);
  assert.equal(wrong.stderr, `Unknown verb "distil". Did you mean "distill"?\n`);
  const helped = await runCli(["embed", "--help"]);
  assert.equal(helped.code, 0);
  assert.match(helped.stdout, /--layer NAME/);
});
