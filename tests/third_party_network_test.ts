/**
 * A network in one file outside of the repository (examples/my_network.ts), through the real command line: a run of it,
 * and its file of weights, are embedded, evaluated, exported and listed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { EagerEngine } from "@seed/engine-eager";
import { checkStudent } from "@seed/core/conformance";
import plugin, { network } from "../examples/my_network.ts";
import { runCli } from "./support/cli.ts";
import { testContext } from "./support/engine.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { readNpy } from "./support/npy.ts";

const EXAMPLE = new URL("../examples/my_network.ts", import.meta.url);

const RECIPE = `version: 1
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 32 }
student: { plugin: ./my_network.ts, head: { hidden: 8, dim: 8 } }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-moco" }
evaluate: { knn: {} }
train: { batch_size: 4, epochs: 1, lr: 0.03 }
`;

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-my-network-" });
  try {
    await Deno.copyFile(EXAMPLE, `${folder}/my_network.ts`);
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function succeed(folder: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args, { cwd: folder });
  assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
  return stdout;
}

Deno.test("a third party's network, one file named by its path, is known to every command", (t) =>
  inFolder(async (folder) => {
    await makeImageFolder(`${folder}/images`, { train: 8, val: 4 });
    await Deno.writeTextFile(`${folder}/mine.yaml`, RECIPE);
    await succeed(folder, "distill", "mine.yaml", "--out", "run", "--max-steps", "2");
    const ofRun = ["--run", "run", "--allow-plugins"], weights = "run/student.safetensors";
    const ofFile = ["--network", "./my_network.ts", "--weights", weights];

    await t.step("embed gives the same rows of the run and of its file", async () => {
      const view = ["--images", "images/val", "--crop", "32", "--resize", "36"];
      await succeed(folder, "embed", ...ofRun, ...view, "--out", "run.npy");
      const said = await succeed(folder, "embed", ...ofFile, ...view, "--out", "file.npy", "--json");
      const { network: name, layout, dim } = JSON.parse(said);
      assert.deepEqual([name, layout, dim], [network.name, "seed student", 128]);
      const [run, file] = [await readNpy(`${folder}/run.npy`), await readNpy(`${folder}/file.npy`)];
      assert.equal(run.dim, 128);
      const size = Math.max(...run.values.map(Math.abs));
      assert.ok(size > 1e-3, "the features are zero");
      run.values.forEach((value, i) => assert.ok(Math.abs(value - file.values[i]) < 1e-4 * size, `${i}`));
    });

    await t.step("eval gives the same accuracy of both", async () => {
      const [run, file] = await Promise.all(
        [ofRun, [...ofFile, "--data", "images"]].map(async (subject) =>
          JSON.parse(await succeed(folder, "eval", ...subject, "--knn", "--json"))
        ),
      );
      const [ofStudent, ofNetwork] = [run, file].map(({ evaluations }) => evaluations.at(-1));
      assert.deepEqual([ofStudent.network, ofNetwork.network], ["student", "network"]);
      const [a, b] = [ofStudent, ofNetwork].map(({ evaluation }) => evaluation.knn.top1);
      assert.ok(Math.abs(a - b) <= 1 / 12, `${a} and ${b}`); // rounding may turn one of the twelve
    });

    await t.step("export writes its values in its names, and ONNX", async () => {
      await succeed(folder, "export", ...ofRun, "--to", "onnx", "--out", "run.onnx");
      await succeed(folder, "export", ...ofFile, "--to", "onnx", "--out", "file.onnx");
      assert.deepEqual(await Deno.readFile(`${folder}/file.onnx`), await Deno.readFile(`${folder}/run.onnx`));
      await succeed(folder, "export", ...ofFile, "--to", "safetensors", "--out", "plain.safetensors");
      // Without the head it is in the other layout.
      const plain = ["--network", "./my_network.ts#network", "--weights", "plain.safetensors"];
      const view = ["--images", "images/val", "--crop", "32", "--resize", "36"];
      const said = await succeed(folder, "embed", ...plain, ...view, "--out", "plain.npy", "--json");
      assert.equal(JSON.parse(said).layout, "four layers");
      assert.deepEqual(
        (await readNpy(`${folder}/plain.npy`)).values,
        (await readNpy(`${folder}/file.npy`)).values,
      );
    });

    await t.step("ls networks lists it with its size", async () => {
      const { networks } = JSON.parse(
        await succeed(folder, "ls", "networks", "--network", "./my_network.ts", "--json"),
      );
      const { name, parameters, feature_dim, layouts } = networks.at(-1);
      const convolutions = 9 * 16 * (3 + 16 * 2 + 32 * 4 + 64 * 8), norms = 2 * 16 * 15;
      assert.deepEqual([name, parameters, feature_dim], [network.name, convolutions + norms, 128]);
      assert.deepEqual(layouts, ["seed student", "seed checkpoint", "four layers"]);
      const text = await succeed(folder, "ls", "networks", "--network", "./my_network.ts");
      assert.match(text, /^four_layers_16 +0\.10 M .*four layers$/m);
    });
  }));

/** What a module holds, how it is named, and what is told of it. */
const MISTAKES: Record<string, [code: string, named: string, says: RegExp]> = {
  "that does not parse": [
    "export const network = {\n  name: 5;\n};\n",
    "./bad.ts",
    /^Cannot load the network "\.\/bad\.ts": .*bad\.ts:2:10$/m,
  ],
  "that fails at its top": [
    `throw new Error("no coffee");\n`,
    "./bad.ts",
    /^Cannot load the network "\.\/bad\.ts": no coffee at file:\S+bad\.ts:1:7$/m,
  ],
  "that is not there": ["", "./nowhere.ts", /^Cannot load the network "\.\/nowhere\.ts": Module not found/m],
  "without a network": [
    "export const other = 1;\n",
    "./bad.ts",
    /^"\.\/bad\.ts" exports no network \(the module exports other\)/m,
  ],
  "without that export": [
    "export const other = 1;\n",
    "./bad.ts#mine",
    /^"\.\/bad\.ts#mine" is no network \(the module exports other\)/m,
  ],
  "with two networks": [
    `import { network } from "./my_network.ts";\nexport { network };\nexport const wide = { ...network, name: "wide" };\n`,
    "./bad.ts",
    /^"\.\/bad\.ts" exports 2 networks; name one: "\.\/bad\.ts#network", "\.\/bad\.ts#wide"$/m,
  ],
  "with a name of SEED's": [
    `import { network } from "./my_network.ts";\nexport const mine = { ...network, name: "resnet18" };\n`,
    "./bad.ts",
    /^The network of "\.\/bad\.ts" is called "resnet18", as a network of SEED is; give it another name$/m,
  ],
  "without an input size": [
    `import { network } from "./my_network.ts";\nexport const mine = { ...network, inputSize: undefined };\n`,
    "./bad.ts",
    /^The network of "\.\/bad\.ts" lacks `inputSize`/m,
  ],
};

for (const [what, [code, named, says]] of Object.entries(MISTAKES)) {
  Deno.test(`a module ${what} is told so, before anything heavy loads`, () =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/bad.ts`, code);
      await Deno.writeTextFile(`${folder}/w.bin`, "");
      const args = ["embed", "--network", named, "--weights", "w.bin", "--images", ".", "--out", "x.npy"];
      const { code: exit, stderr } = await runCli(args, { cwd: folder });
      assert.equal(exit, 2, stderr);
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /^ +at /m);
    }));
}

Deno.test("ls takes modules for its networks alone", async () => {
  const { code, stderr } = await runCli(["ls", "recipes", "--network", "./my_network.ts"]);
  assert.equal(code, 2);
  assert.match(stderr, /^--network is for the list of networks/m);
});

Deno.test("the example keeps a student's promises", async (t) => {
  const engine = await EagerEngine.open(), options = plugin.options.parse({ head: { hidden: 8 } });
  const context = { ...testContext, engine, embeddingDim: 8, isFrozen: () => false };
  await checkStudent(t, { engine, make: (seed) => plugin.create(options, { ...context, seed }) });
});
