/**
 * `export --to hub`: the folder loads as it is in transformers.js, timm, transformers and onnxruntime, and gives the
 * features that `embed` gives.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { tf, writeSafetensors } from "@seed/core";
import { decode } from "@seed/core/host";
import { networkNamed, openWeights } from "@seed/nn";
import { fileNetwork } from "@seed/nn/host";
import sharp from "sharp";
import { run as embed } from "../cli/embed.ts";
import { run as exportNetwork } from "../cli/export.ts";
import { assertFingerprint } from "./golden/fingerprint.ts";
import { images, unit, weight } from "./golden/formula.ts";
import { backboneEntries } from "./golden/network_entries.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { readNpy } from "./support/npy.ts";
import { runTransformersJs } from "./support/transformers_js.ts";

const NETWORK = "mobilenet_v3_small", SIDE = 32;
/** Their short side is what it is resized to, so that every library cuts out the same pixels. */
const EXACT = 36;
const FROM = ["--network", NETWORK, "--weights", "weights.bin"];

/** A folder with weights by the formula, pictures in classes, and one that nobody resizes. */
async function inFolder(
  test: (folder: string) => Promise<void>,
  { network = NETWORK, weightAt = weight }: { network?: string; weightAt?: typeof weight } = {},
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-hub-" }), before = Deno.cwd();
  try {
    Deno.chdir(folder);
    const entries = Object.entries(backboneEntries(networkNamed(network)));
    const tensors = entries.map(([name, shape]) => ({
      ...{ name, shape },
      data: name.endsWith(".num_batches_tracked") ? BigInt64Array.of(12n) : weightAt(name, shape),
    }));
    await writeSafetensors("weights.bin", tensors, {});
    await makeImageFolder(".", { pictures: 6 });
    await Deno.mkdir("exact");
    const raw = { width: 50, height: EXACT, channels: 3 } as const;
    const noise = unit("exact", 3 * raw.width * raw.height);
    await sharp(Uint8Array.from(noise, (value) => 256 * value), { raw }).png().toFile("exact/a.png");
    await test(folder);
  } finally {
    Deno.chdir(before);
    await Deno.remove(folder, { recursive: true });
  }
}

/** What `embed` gives of the pictures below a folder, by their names. */
async function embedded(folder: string): Promise<Map<string, Float32Array>> {
  assert.equal(await embed([...FROM, "--images", folder, "--crop", `${SIDE}`, "--out", "rows.npy"]), 0);
  const { dim, values } = await readNpy("rows.npy");
  const names = (await Deno.readTextFile("rows.txt")).trimEnd().split("\n");
  return new Map(names.map((name, i) => [name, values.subarray(i * dim, (i + 1) * dim)]));
}

/** What a page would do: the module beside the model, and a picture's pixels from a canvas. */
async function preprocessed(hub: string, picture: string): Promise<Float32Array> {
  const { preprocess } = await import(pathToFileURL(join(hub, "preprocess.js")).href);
  const { data, width, height } = await decode(await Deno.readFile(picture));
  const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++) rgba.set(data.subarray(3 * i, 3 * i + 3), 4 * i);
  return preprocess({ data: rgba, width, height });
}

function assertWithin(
  what: string,
  actual: ArrayLike<number>,
  expected: Float32Array,
  tolerance: number,
): void {
  const size = Math.sqrt(expected.reduce((sum, value) => sum + value * value, 0) / expected.length);
  assert.equal(actual.length, expected.length, what);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(actual[i] - value)), 0) / size;
  assert.ok(
    worst <= tolerance,
    `${what}: off by ${worst} of the features' size, expected ${tolerance} at most`,
  );
}

const python = Deno.env.get("SEED_PEER_PYTHON");
const LEFT_OUT = " (left out: SEED_PEER_PYTHON names no Python with onnx, onnxruntime and timm)";

Deno.test("a folder for hubs gives embed's features in other libraries", (t) =>
  inFolder(async (folder) => {
    const hub = join(folder, "hub"), flags = ["--to", "hub", "--out", "hub", "--input-size", `${SIDE}`];
    assert.equal(await exportNetwork([...FROM, ...flags, "--images", "pictures"]), 0);

    await t.step("every file is there", async () => {
      const found = await Array.fromAsync(Deno.readDir("hub"), ({ name }) => name);
      const own = ["README.md", "config.json", "model.safetensors", "onnx", "preprocess.js"];
      assert.deepEqual(found.sort(), [...own, "preprocessor_config.json"]);
      const models = await Array.fromAsync(Deno.readDir("hub/onnx"), ({ name }) => name);
      assert.deepEqual(models.sort(), ["model.onnx", "model_fp16.onnx", "model_quantized.onnx"]);
      const [whole, half, eighth] = models.map((name) => Deno.statSync(`hub/onnx/${name}`).size);
      assert.ok(half < 0.55 * whole && eighth < 0.35 * whole, `${[whole, half, eighth]}`);
    });

    await t.step("the card tells what was measured, and what is not known", async () => {
      const card = await Deno.readTextFile("hub/README.md");
      assert.match(
        card,
        /^Of 13 pictures, in onnxruntime on a processor; 5 others found the ranges of 8-bit$/m,
      );
      assert.match(card, /^\| fp32 \| 1\.00000 \| 1\.00000 \| 100\.0 % \| \d+\.\d % \|$/m);
      assert.match(card, /^\| 8-bit \| 0\.\d{5} \| 0\.\d{5} \| /m);
      assert.match(card, /^\| licence of the weights \| not known \|$/m);
    });

    const exact = (await embedded("exact")).get("a.png")!, some = await embedded("pictures");
    await t.step("transformers.js, by its pipeline and with our pixels", async () => {
      const picture = "pictures/circles/3.png", pixels = [...await preprocessed(hub, picture)];
      const request = { folder: hub, picture: join(folder, "exact/a.png"), pixels, size: SIDE };
      const found = await runTransformersJs({ ...request, dtypes: ["fp32", "fp16", "q8"] });
      const own = some.get("circles/3.png")!;
      for (const [dtype, tolerance] of [["fp32", 1e-3], ["fp16", 3e-2], ["q8", 0.5]] as const) {
        for (const name of [`${dtype} picture`, `${dtype} picture, pool`]) {
          assert.deepEqual(found[name].dims, [1, exact.length]);
          assertWithin(name, found[name].values, exact, tolerance);
        }
        assertWithin(`${dtype} pixels`, found[`${dtype} pixels`].values, own, tolerance);
      }
    });

    await t.step({
      name: `timm, transformers and onnxruntime in Python${python ? "" : LEFT_OUT}`,
      ignore: !python,
      fn: async () => await inPython(hub),
    });

    await t.step("what is there already is not overwritten", async () => {
      const before = await Deno.readTextFile("hub/README.md");
      await assert.rejects(exportNetwork([...FROM, ...flags]), {
        name: "UsageError",
        message: /^"hub" is a folder that is not empty; nothing is overwritten: name another, or remove it$/,
      });
      assert.equal(await Deno.readTextFile("hub/README.md"), before);
      await assert.rejects(
        exportNetwork([...FROM, "--to", "hub", "--out", "weights.bin"]),
        /is a file, not a folder/,
      );
    });
  }));

/** Compares what Python's libraries make of the folder with the engine's features of the same images. */
async function inPython(hub: string): Promise<void> {
  const script = join(import.meta.dirname!, "golden/run_hub.py");
  const { success, stdout, stderr } = await new Deno.Command(python!, { args: [script, hub, `${SIDE}`] })
    .output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const { outputs, cosines, resize, crop } = JSON.parse(new TextDecoder().decode(stdout));
  assert.deepEqual([resize, crop], [EXACT, [SIDE, SIDE]]);
  const expected = await featuresOf("images", 3);
  for (const name of ["timm", "transformers", "model"]) {
    if (name in outputs) assertFingerprint(name, expected, outputs[name], { tolerance: 1e-3 });
  }
  assert.ok(cosines.model_fp16 > 0.999 && cosines.model_quantized > 0.9, JSON.stringify(cosines));
}

/** The engine's features of images by the formula. */
async function featuresOf(name: string, batch: number): Promise<Float32Array> {
  await tf.setBackend("cpu");
  using file = await openWeights("weights.bin");
  using network = fileNetwork(file, networkNamed(NETWORK));
  return tf.tidy(() => network.forward(images(name, batch, SIDE), false).features.dataSync() as Float32Array);
}

Deno.test("without pictures weights alone are 8-bit, and the card says that nothing was measured", () =>
  inFolder(async () => {
    await Deno.mkdir("hub"); // an empty one may be there
    assert.equal(await exportNetwork([...FROM, "--to", "hub", "--out", "hub", "--input-size", `${SIDE}`]), 0);
    const card = await Deno.readTextFile("hub/README.md");
    assert.match(card, /Not measured: no pictures were given/);
    assert.match(card, /weights alone: computes in fp32, slower than the fp32 file/);
    const left = await Array.fromAsync(Deno.readDir("."), ({ name }) => name);
    assert.ok(!left.some((name) => name.includes("partial")), `${left}`);
  }));

Deno.test("a model whose values are beyond float16 is left out, and the card says so", () =>
  inFolder(async () => {
    const flags = ["--to", "hub", "--out", "hub", "--input-size", `${SIDE}`, "--images", "pictures"];
    await exportNetwork(["--network", "resnet18", "--weights", "weights.bin", ...flags]);
    const models = await Array.fromAsync(Deno.readDir("hub/onnx"), ({ name }) => name);
    assert.deepEqual(models.sort(), ["model.onnx", "model_quantized.onnx"]);
    const card = await Deno.readTextFile("hub/README.md");
    assert.match(card, /^\| float16 \| not finite: not in this folder \|( {2}\|){3}$/m);
    assert.doesNotMatch(card, /model_fp16/);
  }, {
    network: "resnet18",
    // float16 holds each, but not the sum of two blocks.
    weightAt: (name, shape): ReturnType<typeof weight> =>
      weight(name, shape).map((value) => /layer4.*bn2.bias/.test(name) ? 60000 : value),
  }));

Deno.test("pictures that are too few or broken are told before anything is written", () =>
  inFolder(async (folder) => {
    const flags = [...FROM, "--to", "hub", "--out", "hub", "--input-size", `${SIDE}`, "--images"];
    await assert.rejects(exportNetwork([...flags, "exact"]), {
      name: "RunError",
      message: /^--images "exact" has 1 pictures, expected 8 or more/,
    });
    await Deno.writeTextFile("pictures/rows/2.png", "no picture");
    await assert.rejects(
      exportNetwork([...flags, "pictures"]),
      /Cannot make a view of the image "rows\/2\.png"/,
    );
    assert.ok(!(await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).includes("hub"));
  }));
