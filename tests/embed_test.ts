/**
 * `embed`, as users call it: the features that PyTorch gives, from every layout of weights, whole files or none,
 * and what users get wrong.
 *
 * @module
 */
import assert from "node:assert/strict";
import sharp from "sharp";
import { type NamedArray, RunError, tf, UsageError, writeSafetensors } from "@seed/core";
import { networkNamed, openWeights } from "@seed/nn";
import { FrozenNetwork } from "@seed/nn/host";
import { run } from "../cli/embed.ts";
import stateDict from "./golden/efficientnet_b0_state_dict.json" with { type: "json" };
import golden from "./golden/embed.json" with { type: "json" };
import { assertFingerprint } from "./golden/fingerprint.ts";
import { unit, weight } from "./golden/formula.ts";
import { backboneEntries } from "./golden/network_entries.ts";
import { runCli } from "./support/cli.ts";
import { testEngine } from "./support/engine.ts";
import { readNpy } from "./support/npy.ts";

const shapes = Object.entries(stateDict as Record<string, number[]>).filter(([name]) =>
  !name.endsWith("num_batches_tracked")
);

/** The golden pictures, in two folders and with a file that is no picture between them. */
async function drawPictures(folder: string): Promise<string[]> {
  await Deno.mkdir(`${folder}/b/c`, { recursive: true });
  await Deno.mkdir(`${folder}/a`);
  await Deno.writeTextFile(`${folder}/a/notes.txt`, "no picture");
  const names = ["a/50x40.png", "b/200x70.png", "b/c/90x130.png"];
  for (const name of names) {
    const [width, height] = name.match(/\d+/g)!.map(Number);
    const noise = unit(`photo.${width}.${height}`, width * height * 3);
    const raw = { width, height, channels: 3 } as const;
    await sharp(Uint8Array.from(noise, (value) => 256 * value), { raw }).png().toFile(`${folder}/${name}`);
  }
  return names;
}

/** EfficientNet-B0 with the formula's values, its names changed and entries added. */
async function writeWeights(path: string, added: Record<string, number[]>): Promise<void> {
  const named = [...shapes, ...Object.entries(added)];
  const tensors: NamedArray[] = named.map(([name, shape]) => ({ name, shape, data: weight(name, shape) }));
  await writeSafetensors(path, tensors, {});
}

Deno.test("embed gives PyTorch's features of a folder of pictures, in the order of their paths", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "seed-embed-" });
  const embed = (out: string, ...flags: string[]) => {
    const { resize, crop } = golden;
    const view = ["--resize", `${resize}`, "--crop", `${crop}`];
    return runCli(["embed", "--images", "pictures", "--out", out, ...view, ...flags], { cwd: folder });
  };
  try {
    const names = await drawPictures(`${folder}/pictures`);
    await writeWeights(`${folder}/timm.bin`, { "classifier.weight": [10, 1280], "classifier.bias": [10] });
    const head = {
      "head.0.weight": [8, 1280],
      "head.0.bias": [8],
      "head.2.weight": [6, 8],
      "head.2.bias": [6],
    };
    await writeWeights(`${folder}/student.bin`, head);

    await t.step("features, as PyTorch's", async () => {
      const flags = ["--network", "efficientnet_b0", "--weights", "timm.bin", "--json"];
      const { code, stdout, stderr } = await embed("new/timm.npy", ...flags);
      assert.equal(code, 0, stderr);
      const { rows, dim, values } = await readNpy(`${folder}/new/timm.npy`);
      assert.deepEqual([rows, dim], [3, 1280]);
      for (const [i, name] of names.entries()) {
        const size = name.match(/\d+x\d+/)![0] as keyof typeof golden.rows;
        const row = values.subarray(i * dim, (i + 1) * dim);
        assertFingerprint(name, row, golden.rows[size], { tolerance: 2e-4 });
      }
      assert.equal(
        await Deno.readTextFile(`${folder}/new/timm.txt`),
        names.map((name) => `${name}\n`).join(""),
      );
      assert.equal(stdout.trimEnd().split("\n").length, 1);
      const said = JSON.parse(stdout);
      assert.deepEqual(
        [said.images, said.dim, said.layout, said.layer, said.precision, said.resize, said.crop],
        [3, 1280, "timm", "features", "fp32", golden.resize, golden.crop],
      );
      assert.match(said.sha256, /^[0-9a-f]{64}$/);
    });

    await t.step("the raw output of a student's head", async () => {
      const flags = ["--network", "efficientnet_b0", "--weights", "student.bin", "--layer", "head"];
      const { code, stdout, stderr } = await embed("head.npy", ...flags);
      assert.equal(code, 0, stderr);
      assert.equal(stdout, "");
      const features = await readNpy(`${folder}/new/timm.npy`), output = await readNpy(`${folder}/head.npy`);
      assert.deepEqual([output.rows, output.dim], [3, 6]);
      const linear = (x: Float32Array, layer: string) => {
        const bias = weight(`head.${layer}.bias`, head[`head.${layer}.bias` as "head.0.bias"]);
        const matrix = weight(`head.${layer}.weight`, head[`head.${layer}.weight` as "head.0.weight"]);
        return bias.map((b, row) => x.reduce((sum, value, i) => sum + value * matrix[row * x.length + i], b));
      };
      for (let i = 0; i < 3; i++) {
        const hidden = linear(features.values.subarray(i * 1280, (i + 1) * 1280), "0");
        const expected = linear(hidden.map((value) => Math.max(0, value)), "2");
        const actual = output.values.subarray(i * 6, (i + 1) * 6);
        actual.forEach((value, k) => assert.ok(Math.abs(value - expected[k]) < 1e-4, `row ${i}, value ${k}`));
      }
    });

    await t.step("a picture that does not decode stops it, and no file is left", async () => {
      await Deno.writeTextFile(`${folder}/pictures/b/broken.jpg`, "not a picture");
      const { code, stderr } = await embed(
        "broken.npy",
        "--network",
        "efficientnet_b0",
        "--weights",
        "timm.bin",
      );
      assert.equal(code, 1);
      assert.match(
        stderr,
        /Cannot make a view of the image "b\/broken\.jpg": .*\. It lies in "pictures\/b\/broken\.jpg"\. Put it right, or leave out what cannot be read by --on-error skip$/m,
      );
      assert.doesNotMatch(stderr, /^ +at /m);
      const left = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
      assert.deepEqual(left.filter((name) => name.startsWith("broken")), []);
    });

    await t.step("--on-error skip leaves it out of rows and names alike, and counts it", async () => {
      const flags = ["--network", "efficientnet_b0", "--weights", "timm.bin", "--on-error", "skip"];
      const { code, stdout, stderr } = await embed("skipped.npy", ...flags, "--json");
      assert.equal(code, 0, stderr);
      const { images, skipped_images } = JSON.parse(stdout);
      assert.deepEqual([images, skipped_images], [3, 1]);
      assert.match(stderr, /^Left out, since they do not decode: 1\. The first: .*broken\.jpg/m);
      const read = (name: string) => Deno.readFile(`${folder}/${name}`);
      for (const ending of ["npy", "txt"]) {
        assert.deepEqual(await read(`skipped.${ending}`), await read(`new/timm.${ending}`));
      }
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("embed pools a vision transformer's features as it is told", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-embed-pool-" }),
    network = networkNamed("vit_tiny_16");
  try {
    await Deno.mkdir(`${folder}/gray`);
    const create = { width: 40, height: 40, channels: 3, background: { r: 90, g: 120, b: 200 } } as const;
    await sharp({ create }).png().toFile(`${folder}/gray/a.png`);
    const tensors = Object.entries(backboneEntries(network)).map(([name, shape]) => ({
      ...{ name, shape, data: weight(name, shape) },
    }));
    await writeSafetensors(`${folder}/vit.safetensors`, tensors, {});
    await testEngine();
    using file = await openWeights(`${folder}/vit.safetensors`);
    using frozen = FrozenNetwork.load(file, network);
    const pixels = tf.tidy(() => tf.mul(tf.ones([1, 32, 32, 3]), [90, 120, 200])) as tf.Tensor4D;
    const weights = ["--network", "vit_tiny_16", "--weights", "vit.safetensors"];
    const rows = new Map<string, Float32Array>();
    for (const pool of [null, "token", "mean"] as const) {
      const flags = [
        ...weights,
        ...pool ? ["--pool", pool] : [],
        "--images",
        "gray",
        "--crop",
        "32",
        "--json",
      ];
      const { code, stdout, stderr } = await runCli(["embed", ...flags, "--out", `${pool}.npy`], {
        cwd: folder,
      });
      assert.equal(code, 0, stderr);
      assert.equal(JSON.parse(stdout).pool, pool);
      const { values } = await readNpy(`${folder}/${pool}.npy`);
      const expected = tf.tidy(() => frozen.features(pixels, pool ?? undefined).dataSync());
      assert.equal(values.length, expected.length);
      values.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-3, `${pool}, value ${i}`));
      rows.set(`${pool}`, values);
    }
    assert.deepEqual(rows.get("null"), rows.get("token"));
    const apart = rows.get("mean")!.map((value, i) => Math.abs(value - rows.get("token")![i]));
    assert.ok(Math.max(...apart) > 0.1, "the mean of the patches is the class token");
    pixels.dispose();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const WEIGHTS = ["--network", "resnet18", "--weights", "other.bin"];
const B0 = ["--network", "efficientnet_b0", "--weights", "other.bin"];
const PLACES = ["--images", "images", "--out", "x.npy"];

/** Command lines that are wrong, the kind of error, and its message. */
const MISTAKES: [args: string[], kind: typeof RunError | typeof UsageError, says: RegExp][] = [
  [WEIGHTS, UsageError, /^Expected --images; --help shows how$/],
  [["stray", ...PLACES, ...WEIGHTS], UsageError, /^Unexpected argument "stray"/],
  [
    ["--images", "images", "--out", "x.csv", ...WEIGHTS],
    UsageError,
    /^--out must end in "\.npy", got "x\.csv"$/,
  ],
  [PLACES, UsageError, /^Expected --network and --weights, or --run; --help shows how$/],
  [[...PLACES, "--network", "resnet18"], UsageError, /^Expected --weights; --help shows how$/],
  [
    [...PLACES, ...WEIGHTS, "--run", "runs/a"],
    UsageError,
    /^--run and --network exclude each other: name one$/,
  ],
  [[...PLACES, ...WEIGHTS, "--set", "seed=1"], UsageError, /^--set overrides a key of a run's recipe/],
  [
    [...PLACES, "--run", "images"],
    UsageError,
    /^"images" is not the folder of a run: it has no "recipe\.yaml"$/,
  ],
  [
    [...PLACES, "--network", "efficientnet_b8", "--weights", "other.bin"],
    UsageError,
    /^Unknown network "efficientnet_b8"\. Did you mean "efficientnet_b0"\?$/,
  ],
  [
    [...PLACES, "--network", "resnet18", "--weights", "nowhere"],
    RunError,
    /^There is no file of weights "nowhere"/,
  ],
  [
    [...PLACES, ...WEIGHTS],
    RunError,
    /^The weights in "other\.bin" are in no layout that is read for resnet18; it looks like weights of efficientnet_b0\. The file holds 1 tensors, such as "conv_stem\.weight"; the layouts are moco v2 /,
  ],
  [
    [...PLACES, ...B0, "--layer", "head"],
    UsageError,
    /^Weights in the layout "timm" have no projection head; leave --layer head out$/,
  ],
  [
    [...PLACES, ...B0, "--layer", "feature"],
    UsageError,
    /^--layer expects .*"feature"\. Did you mean "features"\?$/,
  ],
  [
    [...PLACES, ...B0, "--precision", "fp16"],
    UsageError,
    /^--precision expects one of fp32, bf16, auto, got "fp16"/,
  ],
  [
    [...PLACES, "--network", "vit_small_14", "--weights", "dinov2.bin", "--crop", "240"],
    UsageError,
    /^A side of 240 pixels does not divide into patches of 14; the nearest that does is 238; set --crop to it$/,
  ],
  [
    [...PLACES, ...B0, "--pool", "mean"],
    UsageError,
    /^The features of efficientnet_b0 cannot be pooled by "mean"; leave --pool out$/,
  ],
  [
    [...PLACES, ...B0, "--pool", "max"],
    UsageError,
    /^--pool expects one of token, mean, got "max"/,
  ],
  [[...PLACES, ...B0, "--crop", "0"], UsageError, /^--crop expects a whole number of at least 1, got "0"$/],
  [
    [...PLACES, ...B0, "--resize", "20", "--crop", "32"],
    UsageError,
    /^--resize 20 is less than the crop of 32/,
  ],
  [[...PLACES, ...B0, "--recrop", "9"], UsageError, /^Unknown flag "--recrop"\. Did you mean --crop\?$/],
  [
    ["--images", "no", "--out", "x.npy", ...B0],
    RunError,
    /^There is no folder "no"; set --images to a folder of/,
  ],
  [
    [...PLACES, ...B0],
    RunError,
    /^The folder "images" holds no images .* only 0 other files; check --images$/,
  ],
  [
    ["--images", "named", "--out", "x.npy", ...B0],
    RunError,
    /^The name "a\\nb\.png" below "named" has a newline: the names of the rows are written a line each/,
  ],
];

Deno.test("embed tells mistakes before the engine is opened, and writes nothing", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-embed-" }), before = Deno.cwd();
  const stem = { name: "conv_stem.weight", shape: [1], data: new Float32Array(1) };
  Deno.env.set("SEED_TENSORFLOW_DIR", `${folder}/nowhere`);
  try {
    await Deno.mkdir(`${folder}/images`);
    await Deno.mkdir(`${folder}/named`);
    await Deno.writeTextFile(`${folder}/named/a\nb.png`, "");
    await writeSafetensors(`${folder}/other.bin`, [stem], {});
    await writeSafetensors(`${folder}/dinov2.bin`, [{ ...stem, name: "mask_token" }], {});
    Deno.chdir(folder);
    for (const [args, kind, says] of MISTAKES) {
      await assert.rejects(run(args), (error: Error) => {
        assert.match(error.message, says);
        assert.ok(error instanceof kind, `${args.join(" ")}: ${error.name}`);
        return true;
      });
    }
    const left = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    assert.deepEqual(left.sort(), ["dinov2.bin", "images", "named", "other.bin"]);
  } finally {
    Deno.chdir(before);
    Deno.env.delete("SEED_TENSORFLOW_DIR");
    await Deno.remove(folder, { recursive: true });
  }
});
