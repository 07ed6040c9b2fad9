/**
 * Each task has the permissions that its verb needs, and no others: every verb is run with exactly the flags of
 * `deno.json`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { hasMpi } from "../cli/processes/mpi/mod.ts";
import { VARIANTS } from "../plugins/data/cifar/variants.ts";
import { ROOT } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { inTinyFolder } from "./support/tiny_runs.ts";
import { cpuPlugin, testWithXla } from "./support/xla_plugin.ts";

const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)) as {
  tasks: Record<string, string>;
};

/** The flags of a verb's task. */
function flagsOf(verb: string): string[] {
  const [, flags] = tasks[verb].match(new RegExp(`^deno run (.*) cli/task\\.ts ${verb}$`)) ?? [];
  assert.ok(flags, `The task "${verb}" is "${tasks[verb]}"`);
  return flags.split(" ");
}

/** Runs a verb as its task does. */
async function run(cwd: string, [verb, ...args]: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      ...flagsOf(verb),
      "--config",
      `${ROOT}deno.json`,
      `${ROOT}cli/task.ts`,
      verb,
      ...args,
    ],
    env: { NO_COLOR: "1", INIT_CWD: cwd, ...env },
    cwd,
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const RECIPE = `version: 1
data: { plugin: "@seed/data-image-folder", root: images, on_error: skip }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 32 }
teacher: { plugin: "@seed/teacher-network", network: resnet18, weights: resnet18.safetensors, layer: features, cache: { views: 1, dir: cache } }
student: { plugin: "@seed/student-mobilenet-v3", variant: small, head: { hidden: 16 } }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-seed" }
train: { batch_size: 4, epochs: 1, lr: 0.0001 } # batch norm of two images a process makes gradients long
evaluate: { knn: { k: 3 }, agreement: { k: 1 } }
`;

const ONNX_TEACHER = 'teacher={ plugin: "@seed/teacher-onnx", weights: r.onnx, mean: [0.5, 0.5, 0.5], ' +
  "std: [0.25, 0.25, 0.25], cache: { views: 1, dir: onnx } }";

/** Verbs that start several processes. */
const TWO = ["--processes", "2"];
const TOGETHER: [what: string, args: string[]][] = [
  ["cache --processes", ["cache", "recipe.yaml", "--set", "teacher.cache.dir=cache2", ...TWO]],
  ["distill --processes", ["distill", "recipe.yaml", "--out", "runs/b", ...TWO]],
  ["eval --processes", ["eval", "--run", "runs/a", ...TWO]],
  ["embed --processes", ["embed", "--run", "runs/a", "--images", "images", "--out", "c.npy", ...TWO]],
];

Deno.test("every verb runs with the permissions of its task", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "seed-permissions-" });
  const path = (name: string) => `${folder}/${name}`;
  try {
    await makeImageFolder(path("images"), { train: 3, val: 2 });
    const moco = RECIPE.replace(/teacher: .*\n/, "").replace("objective-seed", "objective-moco")
      .replace("hidden: 16", "hidden: 16, dim: 12").replace(
        'student-mobilenet-v3", variant: small',
        'student-resnet", depth: 18',
      )
      .replace(", agreement: { k: 1 }", "");
    await Deno.writeTextFile(path("first.yaml"), moco);
    // Operation by operation: tracing needs no other permissions, and the first run traces.
    await Deno.writeTextFile(path("recipe.yaml"), `${RECIPE}engine: { trace: false }\n`);
    const commands: [what: string, args: string[]][] = [
      ["distill", ["distill", "first.yaml", "--out", "first", "--max-steps", "1"]],
      ["validate", ["validate", "first.yaml"]],
      ["export, state dict", [
        "export",
        "--run",
        "first",
        "--to",
        "safetensors",
        "--out",
        "resnet18.safetensors",
      ]],
      ["export, hub, with onnxruntime", [
        "export",
        "--network",
        "resnet18",
        "--weights",
        "resnet18.safetensors",
        ...["--to", "hub", "--out", "hub", "--input-size", "32", "--images", "images"],
      ]],
      ["export, onnx", [
        "export",
        "--network",
        "resnet18",
        "--weights",
        "resnet18.safetensors",
        "--to",
        "onnx",
        "--out",
        "r.onnx",
        "--input-size",
        "32",
      ]],
      ["cache, with onnxruntime", ["cache", "recipe.yaml", "--set", ONNX_TEACHER]],
      ["cache", ["cache", "recipe.yaml"]],
      ["distill, with a teacher", ["distill", "recipe.yaml", "--out", "runs/a"]],
      ["distill --dry-run --stand-in", ["distill", "recipe.yaml", "--dry-run", "--stand-in", "20"]],
      ["eval", ["eval", "--run", "runs/a"]],
      ["embed", ["embed", "--run", "runs/a", "--images", "images", "--out", "a.npy"]],
      ["explore", ["explore", "--run", "runs/a"]],
      ["view", ["view", "recipe.yaml", "--out", "v.html"]],
      ["pack", ["pack", "images", "packed", "--to", "tar"]],
      ["view, packed", [
        "view",
        "recipe.yaml",
        "--set",
        'data={ plugin: "@seed/data-webdataset", root: packed }',
        "--out",
        "w.html",
      ]],
      ["report", ["report", "runs/a"]],
      ["report, several runs", ["report", "first", "runs/a", "--out", "reports/both.html"]],
      ["new", [
        "new",
        "--data",
        "images",
        "--student",
        "mobilenet_v3_small",
        "--time",
        "20s",
        "--out",
        "new.yaml",
      ]],
      ["new plugin", ["new", "plugin", "queue", "my-queue"]],
      ["ls", ["ls"]],
      ["doctor", ["doctor"]],
    ];
    const step = ([what, args]: [string, string[]], ignore = false) =>
      t.step({
        name: ignore ? `${what} (ignored: MPICH is not installed)` : what,
        ignore,
        fn: async () => {
          const { code, stderr, stdout } = await run(folder, args);
          assert.equal(code, 0, stderr + stdout);
        },
      });
    for (const command of commands) await step(command);
    for (const command of TOGETHER) await step(command, !hasMpi());
    await t.step("an installation, as far as it goes without an index", async () => {
      const env = { SEED_CACHE_DIR: path("fresh"), PIP_NO_INDEX: "1", PIP_FIND_LINKS: folder };
      for (
        const args of [["embed", "--run", "runs/a", "--images", "images", "--out", "b.npy"], [
          "eval",
          "--run",
          "runs/a",
        ]]
      ) {
        const { code, stderr } = await run(folder, args, env);
        assert.equal(code, 1);
        assert.match(
          stderr,
          /Cannot install tensorflow\S* 2\.\d+\.\d+: the package index does not offer this file/,
        );
      }
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

testWithXla("a run on XLA needs no permissions but those of its task", () =>
  inTinyFolder(async (folder) => {
    const engine = { plugin: "@seed/engine-xla", plugin_file: await cpuPlugin() };
    const flags = ["--max-steps", "2", "--set", `engine=${JSON.stringify(engine)}`];
    const loggers = ["--set", 'loggers=[{ plugin: "@seed/logger-terminal" }]'];
    const { code, stderr } = await run(folder, [
      "distill",
      "tiny.yaml",
      "--out",
      "run",
      ...flags,
      ...loggers,
    ]);
    assert.equal(code, 0, stderr);
  }));

Deno.test("a recipe that is only looked at can have nothing written, sent or started", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-permissions-" });
  try {
    for (
      const [what, code] of Object.entries({
        write: `Deno.writeTextFileSync("x", "")`,
        net: `await Deno.connect({ hostname: "127.0.0.1", port: 1 })`,
        run: `new Deno.Command("true").outputSync()`,
        ffi: `Deno.dlopen("libc.so.6", {})`,
      })
    ) {
      await Deno.writeTextFile(`${folder}/${what}.ts`, `${code}; export default 1;`);
      await Deno.writeTextFile(`${folder}/recipe.yaml`, `${RECIPE}loggers: [{ plugin: "./${what}.ts" }]\n`);
      const { code: exit, stderr } = await run(folder, ["validate", "recipe.yaml"]);
      assert.equal(exit, 2, stderr);
      assert.match(stderr, new RegExp(`Cannot load the plugin .*Requires ${what} access`), what);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Tasks that are allowed everything, and why. */
const ALL: Record<string, string> = {
  test: "starts servers, pip, mount and every verb; golden tests start a Python that a variable names",
  fuzz: "reads a process's memory in /proc, and starts processes",
  bench: "starts a Python with PyTorch that a variable names",
  "build-kernels": "fetches and runs a compiler",
  "build-preprocess": "fetches and runs a bundler",
};

Deno.test("no task is allowed everything but those that must be", () => {
  for (const [name, task] of Object.entries(tasks)) {
    if (/--allow-all|(^| )-[a-zA-Z]*A/.test(task)) {
      assert.ok(name in ALL, `"${name}" is allowed everything; why?`);
    }
  }
  assert.deepEqual(flagsOf("ls"), ["--allow-read", "--allow-env"]);
  // How much memory there is: validate compares what a recipe needs with it.
  assert.deepEqual(flagsOf("validate"), ["--allow-read", "--allow-env", "--allow-sys=systemMemoryInfo"]);
});

Deno.test("tasks may fetch from where data are published, and from nowhere else but this machine", async () => {
  const hosts = new Set(Object.values(VARIANTS).map(({ archive }) => new URL(archive.url).host));
  const fashion = await Deno.readTextFile(`${ROOT}plugins/data/fashion_mnist/mod.ts`);
  for (const [, url] of fashion.matchAll(/url: `(https?:[^`]*)`/g)) hosts.add(new URL(url).host);
  assert.ok(hosts.size >= 2);
  // Several processes of this machine find each other on the loopback interface.
  const loopback = ["127.0.0.1"], all = [...hosts, ...loopback];
  for (
    const [verb, names] of Object.entries({
      distill: all,
      cache: all,
      eval: all,
      explore: all,
      embed: loopback,
      view: hosts,
    })
  ) {
    const [net] = flagsOf(verb).filter((flag) => flag.startsWith("--allow-net"));
    const expected = new Set(names);
    assert.deepEqual(new Set(net.replace("--allow-net=", "").split(",")), expected, verb);
  }
});

Deno.test("the task for several hosts is distill's, but that it may talk to the first process's host", () => {
  const [check, onHosts] = tasks["distill-on-hosts"].split(" && ");
  assert.match(check, /^deno run --allow-read --allow-env cli\//);
  assert.equal(onHosts.replaceAll('"', "").replace("$MASTER_ADDR", "127.0.0.1"), tasks.distill);
});
