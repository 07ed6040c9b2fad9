/**
 * `export`, as users call it: of a run and of a file, in every format, and what users get wrong.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type NamedArray, RunError, SafetensorsFile, UsageError, writeSafetensors } from "@seed/core";
import { distill, loadRecipe } from "@seed/core/host";
import { openWeights } from "@seed/nn";
import { DEFAULTS } from "../cli/defaults.ts";
import { run } from "../cli/export.ts";
import b0 from "./golden/efficientnet_b0_state_dict.json" with { type: "json" };
import { weight } from "./golden/formula.ts";
import resnet18 from "./golden/resnet18_state_dict.json" with { type: "json" };
import { makeImageFolder } from "./support/image_folder.ts";
import { onnxRuntime } from "./support/onnx_runtime.ts";

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-export-" }), before = Deno.cwd();
  try {
    Deno.chdir(folder);
    await test(folder);
  } finally {
    Deno.chdir(before);
    await Deno.remove(folder, { recursive: true });
  }
}

/** The entries of a file: shapes and values. */
async function readAll(
  path: string,
): Promise<Record<string, { shape: readonly number[]; values: Float32Array }>> {
  using file = await openWeights(path);
  return Object.fromEntries(
    [...file.tensors].map(([name, { shape }]) => [name, { shape: [...shape], values: file.read(name) }]),
  );
}

/** Weights by the formula, of the entries that a network has. */
async function writeFormula(path: string, entries: Record<string, number[]>): Promise<void> {
  const tensors: NamedArray[] = Object.entries(entries).map(([name, shape]) => ({
    name,
    shape,
    data: name.endsWith(".num_batches_tracked") ? BigInt64Array.of(12n) : weight(name, shape),
  }));
  await writeSafetensors(path, tensors, {});
}

const support = new URL("./support/plugins.ts", import.meta.url).href;
const RECIPE = `version: 1
engine: { plugin: "${support}#engine" }
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 16 }
student: { plugin: "${support}#student" }
queue: { plugin: "@seed/queue-fifo", size: 8 }
objective: { plugin: "@seed/objective-moco" }
train: { batch_size: 4, epochs: 1, lr: 0.1, workers: 1 }
`;

Deno.test("export writes a plugin's student in every format, from the folder of its run", async (t) => {
  const runtime = await onnxRuntime();
  await inFolder(async () => {
    await makeImageFolder("images", { train: 8, val: 1 }, ["rows"]);
    await Deno.writeTextFile("recipe.yaml", RECIPE);
    const recipe = await loadRecipe("recipe.yaml", { defaults: DEFAULTS });
    const host = { log: () => {}, signal: new AbortController().signal };
    await distill(recipe, { out: "run", maxSteps: null, resume: false }, host);
    const student = await readAll("run/student.safetensors");

    for (const [to, path] of [["safetensors", "run/student-timm.safetensors"], ["pth", "run/student.pth"]]) {
      await t.step(`${to}, with the head`, async () => {
        assert.equal(await run(["--run", "run", "--allow-plugins", "--to", to, "--layer", "both"]), 0);
        assert.deepEqual(await readAll(path), student);
      });
      await t.step(`${to}, without the head`, async () => {
        assert.equal(
          await run(["--run", "run", "--allow-plugins", "--to", to, "--out", `new/folder/a.${to}`]),
          0,
        );
        const backbone = Object.entries(student).filter(([name]) => !name.startsWith("head."));
        assert.deepEqual(await readAll(`new/folder/a.${to}`), Object.fromEntries(backbone));
      });
    }
    await t.step("safetensors say what the network wants to see", async () => {
      using file = await SafetensorsFile.open("run/student-timm.safetensors");
      const { network, input_size, mean } = file.metadata;
      assert.deepEqual([network, input_size, mean], ["tiny", "16", "[0.485,0.456,0.406]"]);
    });
    await t.step("onnx", async () => {
      const flags = ["--layer", "head", "--input-size", "24", "--batch-norm", "keep"];
      assert.equal(await run(["--run", "run", "--allow-plugins", "--to", "onnx", ...flags]), 0);
      const session = await runtime.InferenceSession.create("run/student.onnx");
      assert.deepEqual(session.inputMetadata.map(({ name, shape }) => [name, shape]), [[
        "images",
        ["batch", 3, 24, 24],
      ]]);
      assert.deepEqual(session.outputMetadata.map(({ name, shape }) => [name, shape]), [["embedding", [
        "batch",
        6,
      ]]]);
      await session.release();
    });
    await t.step("tfjs", async () => {
      const flags = ["--layer", "both", "--input-size", "24", "--dtype", "fp16"];
      assert.equal(await run(["--run", "run", "--allow-plugins", "--to", "tfjs", ...flags]), 0);
      const { signature, userDefinedMetadata, weightsManifest: [{ paths }] } = JSON.parse(
        await Deno.readTextFile("run/tfjs/model.json"),
      );
      assert.deepEqual(signature.inputs.images.tensorShape.dim.map(({ size }: { size: string }) => size), [
        ...["-1", "24", "24", "3"],
      ]);
      assert.deepEqual(Object.keys(signature.outputs), ["features", "embedding"]);
      assert.deepEqual([userDefinedMetadata.network, userDefinedMetadata.input_size], ["tiny", 24]);
      const found = await Array.fromAsync(Deno.readDir("run/tfjs"), ({ name }) => name);
      assert.deepEqual(found.sort(), [...paths, "model.json", "preprocess.js"]);
    });
    await t.step("hub, of a network that timm does not have", async () => {
      assert.equal(await run(["--run", "run", "--allow-plugins", "--to", "hub"]), 0);
      const config = JSON.parse(await Deno.readTextFile("run/hub/config.json"));
      assert.equal(config.model_type, "seed_student");
      const backbone = Object.entries(student).filter(([name]) => !name.startsWith("head."));
      assert.deepEqual(await readAll("run/hub/model.safetensors"), Object.fromEntries(backbone));
      const card = await Deno.readTextFile("run/hub/README.md");
      assert.match(card, /^\| teacher \| none \|$/m);
      assert.match(card, /^\| pictures \| `@seed\/data-image-folder`: `8` to train on \|$/m);
      assert.match(card, /^objective:$/m);
      assert.doesNotMatch(card, /timm/);
      assert.match(card, /^ +plugin: plugins\.ts#student$/m);
      assert.doesNotMatch(card, /file:/, "the card tells where somebody's files lie");
    });
    await t.step("what the run has written is not written over", async () => {
      const own = ["--to", "safetensors", "--out", "run/../run/student.safetensors"];
      await assert.rejects(run(["--run", "run", "--allow-plugins", ...own]), {
        name: "UsageError",
        message: /^--out ".*" is what the network is read from; name another file$/,
      });
      assert.deepEqual(await readAll("run/student.safetensors"), student);
    });
    await t.step("torchvision has no such network", async () => {
      const flags = ["--to", "pth", "--names", "torchvision"];
      await assert.rejects(run(["--run", "run", "--allow-plugins", ...flags]), {
        name: "UsageError",
        message: /^torchvision has no network "tiny"; write it in timm's names$/,
      });
    });
  });
});

Deno.test("export writes a file's weights in other names, value by value, and counts of batches", () =>
  inFolder(async () => {
    await writeFormula("timm.bin", resnet18 as Record<string, number[]>);
    const from = ["--network", "resnet18", "--weights", "timm.bin"];
    await run([...from, "--to", "pth", "--names", "torchvision", "--out", "a.pth"]);
    assert.deepEqual(await readAll("a.pth"), await readAll("timm.bin"));
    // And from MoCo's names, with its head, into timm's.
    const moco = Object.entries(await readAll("timm.bin")).map(([name, { shape, values }]) => ({
      ...{ name: `module.encoder_q.${name}`, shape, data: values },
    }));
    const head = [["fc.0.weight", [4, 512]], ["fc.0.bias", [4]], ["fc.2.weight", [2, 4]], ["fc.2.bias", [
      2,
    ]]] as const;
    for (const [name, shape] of head) {
      moco.push({ name: `module.encoder_q.${name}`, shape, data: weight(name, shape) });
    }
    await writeSafetensors("moco.bin", moco, {});
    const both = ["--to", "safetensors", "--layer", "both", "--out", "b.safetensors"];
    await run(["--network", "resnet18", "--weights", "moco.bin", ...both]);
    const { "head.0.weight": first, "head.2.bias": last, ...others } = await readAll("b.safetensors");
    assert.deepEqual(first, { shape: [4, 512], values: weight("fc.0.weight", [4, 512]) });
    assert.deepEqual(last, { shape: [2], values: weight("fc.2.bias", [2]) });
    delete others["head.0.bias"], delete others["head.2.weight"];
    assert.deepEqual(others, await readAll("timm.bin"));
  }));

const RESNET = ["--network", "resnet18", "--weights", "resnet.bin", "--out", "x"];
const B0 = ["--network", "efficientnet_b0", "--weights", "b0.bin", "--out", "x"];

/** Command lines that are wrong, the kind of error, and its message. */
const MISTAKES: [args: string[], kind: typeof RunError | typeof UsageError, says: RegExp][] = [
  [RESNET, UsageError, /^Expected --to; --help shows how$/],
  [[...RESNET, "--to", "onxx"], UsageError, /^--to expects .* got "onxx"\. Did you mean "onnx"\?$/],
  [
    [...RESNET, "--to", "keras"],
    UsageError,
    /^--to expects one of safetensors, pth, onnx, hub, tfjs, got "keras"$/,
  ],
  [
    [...RESNET, "--to", "onnx", "--images", "a"],
    UsageError,
    /^--images is for --to hub; leave it out of --to onnx$/,
  ],
  [
    [...RESNET, "--to", "hub", "--dtype", "fp16"],
    UsageError,
    /^--dtype is for --to tfjs; leave it out of --to hub$/,
  ],
  [
    [...RESNET, "--to", "hub", "--layer", "both"],
    UsageError,
    /^--layer is for --to safetensors, pth, onnx or tfjs; leave it out of --to hub$/,
  ],
  [
    [...RESNET, "--to", "tfjs", "--dtype", "int8"],
    UsageError,
    /^--dtype expects one of fp32, fp16, got "int8"$/,
  ],
  [[...RESNET, "--to", "tfjs", "--out", "."], UsageError, /^"\." is a folder that is not empty; nothing is/],
  [[...RESNET, "--to", "hub", "--out", "resnet.bin"], UsageError, /^"resnet\.bin" is a file, not a folder/],
  [[...RESNET, "--to", "hub", "--images", "none"], RunError, /"none"/],
  [["--to", "onnx"], UsageError, /^Expected --network and --weights, or --run; --help shows how$/],
  [
    [...RESNET, "--run", "a", "--to", "onnx"],
    UsageError,
    /^--run and --network exclude each other: name one$/,
  ],
  [RESNET.slice(0, 4).concat("--to", "onnx"), UsageError, /^Expected --out; --help shows how$/],
  [["--run", "nowhere", "--to", "onnx"], UsageError, /^"nowhere" is not the folder of a run/],
  [
    [...RESNET, "--to", "onnx", "--names", "timm"],
    UsageError,
    /^--names is for --to safetensors or pth; leave it/,
  ],
  [
    [...RESNET, "--to", "pth", "--batch-norm", "keep"],
    UsageError,
    /^--batch-norm is for --to onnx; leave it/,
  ],
  [
    [...RESNET, "--to", "pth", "--layer", "head"],
    UsageError,
    /^--layer head is for --to onnx and tfjs; --layer both writes/,
  ],
  [
    [...RESNET, "--to", "onnx", "--layer", "both"],
    UsageError,
    /^These weights of resnet18 have no projection head/,
  ],
  [
    [...RESNET, "--to", "pth", "--names", "keras"],
    UsageError,
    /^--names expects one of timm, torchvision, got "keras"/,
  ],
  [
    [...RESNET.slice(0, 4), "--to", "pth", "--out", "./resnet.bin"],
    UsageError,
    /^--out "\.\/resnet\.bin" is what the network is read from; name another file$/,
  ],
  [[...RESNET, "--to", "onnx", "stray"], UsageError, /^Unexpected argument "stray"/],
  [
    ["--network", "resnet18", "--weights", "none.pth", "--to", "onnx", "--out", "x"],
    RunError,
    /^There is no file of weights "none\.pth"/,
  ],
  [
    [...B0.slice(0, 4), "--to", "pth", "--out", "b0.bin/x.pth"],
    RunError,
    /^Cannot write "b0\.bin\/x\.pth": /,
  ],
];

Deno.test("export tells mistakes, and writes nothing", () =>
  inFolder(async (folder) => {
    await writeFormula("resnet.bin", resnet18 as Record<string, number[]>);
    await writeFormula("b0.bin", b0 as Record<string, number[]>);
    for (const [args, kind, says] of MISTAKES) {
      await assert.rejects(run(args), (error: Error) => {
        assert.match(error.message, says);
        assert.ok(error instanceof kind, `${args.join(" ")}: ${error.stack}`);
        return true;
      });
    }
    const left = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    assert.deepEqual(left.sort(), ["b0.bin", "resnet.bin"]);
  }));
