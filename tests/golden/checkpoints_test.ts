/**
 * ResNets in public checkpoints: files that PyTorch wrote in exactly their keys and nesting (checkpoints.py).
 *
 * @module
 */
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { RunError, tf } from "@seed/core";
import {
  MOCO_LAYOUTS,
  type Network,
  networkNamed,
  openWeights,
  resnet,
  SWAV_HEADLESS_LAYOUTS,
  SWAV_LAYOUTS,
} from "@seed/nn";
import { FrozenNetwork, layoutOf } from "@seed/nn/host";
import { projectorLayouts } from "../../nn/layouts/projector.ts";
import { testEngine } from "../support/engine.ts";
import { assertFingerprint } from "./fingerprint.ts";
import { images, weightsFile } from "./formula.ts";
import { backboneEntries, type Shapes } from "./network_entries.ts";
import golden from "./checkpoints.json" with { type: "json" };

const { layouts, ...others } = networkNamed("resnet18"), SIZE = { depth: 18, width: 1 / 64 } as const;
const [SOLO] = projectorLayouts(SIZE);
const NARROW: Network = {
  ...others,
  layouts: layouts.map((layout) => layout.name === SOLO.name ? SOLO : layout), // which builds its network itself
  build: (source, normalization) => resnet(source, { ...SIZE, normalization }),
};

/** The layout that each file is found to be in. */
const FOUND = {
  moco_v1_one_process: 'moco v1, without "module."',
  moco_v2: "moco v2",
  moco_v2_without_head: "moco, without head",
  moco_v3: "moco v3",
  simsiam: "simsiam",
  barlow_twins: "barlow twins and vicreg",
  barlow_twins_resnet: "timm and torchvision",
  vicreg: "barlow twins and vicreg",
  swav: "swav",
  swav_without_head: 'timm and torchvision, below "module."',
  byol_yaox12: 'timm and torchvision, below "online_backbone.module."',
  byol_lucidrains: 'timm and torchvision, below "online_encoder.net."',
  byol_children: 'torchvision\'s children, below "module.online_network.encoder."',
  vissl: 'timm and torchvision, below "classy_state_dict.base_model.model.trunk._feature_blocks."',
  dino_resnet: "dino checkpoint, distributed",
  solo_learn: "solo-learn",
  lightly: 'torchvision\'s children, below "backbone."',
  lightning_module: 'timm and torchvision, below "model."',
  simclr_sthalles: 'timm and torchvision, below "backbone."',
  mmpretrain: 'timm and torchvision, below "backbone."',
  compiled: 'timm and torchvision, below "_orig_mod."',
  compiled_in_parallel: 'timm and torchvision, below "_orig_mod.module."',
};

/** Files that hold the network twice, with what is said of them and the place that is asked for. */
const TWICE = {
  timm_training: ['below "state_dict.", "state_dict_ema."', "state_dict."],
  lightly_dino: ['below "student_backbone.", "teacher_backbone."', "teacher_backbone."],
};

async function open(name: string) {
  const packed = await Deno.readFile(new URL(`checkpoints/${name}.pth.gz`, import.meta.url));
  const path = await Deno.makeTempFile({ suffix: ".pth" });
  await Deno.writeFile(path, gunzipSync(packed));
  const file = await openWeights(path);
  return { file, [Symbol.dispose]: () => (file[Symbol.dispose](), Deno.removeSync(path)) };
}

type Options = Parameters<typeof FrozenNetwork.load>[2];

/** Loads a file and compares the features with PyTorch's. */
async function assertFeatures(
  name: string,
  options: Options = {},
  wanted: keyof typeof golden = name === "swav" ? "swav" : "imagenet",
): Promise<string> {
  using opened = await open(name);
  await testEngine();
  using frozen = FrozenNetwork.load(opened.file, NARROW, options);
  const input = images("images", 2, 48), features = tf.tidy(() => frozen.features(input));
  try {
    assertFingerprint(name, await features.data(), golden[wanted], { tolerance: 2e-4 });
  } finally {
    tf.dispose([input, features]);
  }
  return frozen.layout.name;
}

for (const [name, layout] of Object.entries(FOUND)) {
  Deno.test(`the checkpoint ${name} is found, and its network computes PyTorch's features`, async () => {
    assert.equal(await assertFeatures(name), layout);
  });
}

Deno.test("solo-learn's network for CIFAR pads by two pixels: by one, and by a ring of zeros around the picture", async () => {
  await testEngine();
  const build: Network["build"] = (source, normalization) =>
    resnet(source, { ...SIZE, normalization, stem: "small" });
  const plain = backboneEntries({ ...NARROW, build });
  const solo = {
    ...Object.fromEntries(Object.entries(plain).map(([name, shape]) => [`backbone.${name}`, shape])),
    ...{ "projector.0.weight": [5, 8], "projector.0.bias": [5] },
    ...{ "classifier.weight": [10, 8], "classifier.bias": [10] },
  };
  const small = weightsFile(plain);
  // The same values, whatever stands before their names.
  const read = (name: string) => {
    const own = name.replace(/^backbone\./, "");
    return own in plain ? small.read(own) : weightsFile(solo).read(name);
  };
  using ofSolo = FrozenNetwork.load({ ...weightsFile(solo), read }, NARROW);
  using ofOthers = FrozenNetwork.load(small, NARROW);
  assert.deepEqual([ofSolo.layout.name, ofOthers.layout.name], ["solo-learn", "timm and torchvision"]);
  const picture = images("images", 2, 30), { mean } = NARROW.normalization;
  // The mean's colour becomes zero by normalisation.
  const ringed = tf.tidy(() => {
    const grey = tf.mul([...mean], 255);
    return tf.add(tf.pad(tf.sub(picture, grey), [[0, 0], [1, 1], [1, 1], [0, 0]]), grey) as tf.Tensor4D;
  });
  const found = tf.tidy(() => ofSolo.features(picture)), expected = tf.tidy(() => ofOthers.features(ringed));
  const [map, other] = [ofSolo, ofOthers].map((one) => tf.tidy(() => one.maps(ringed).patches));
  try {
    const [a, b] = await Promise.all([found.data(), expected.data()]), scale = Math.max(...b.map(Math.abs));
    a.forEach((value, i) => assert.ok(Math.abs(value - b[i]) < 1e-4 * scale, `${i}: ${value} and ${b[i]}`));
    assert.deepEqual([map.shape, other.shape], [[2, 5, 5, 8], [2, 4, 4, 8]]);
  } finally {
    tf.dispose([picture, ringed, found, expected, map, other]);
  }
});

Deno.test("SwAV's and MoCo's teachers take files whose heads were cut off, SwAV's with its normalisation", async () => {
  const swav = { layouts: [...SWAV_LAYOUTS, ...SWAV_HEADLESS_LAYOUTS] };
  assert.equal(await assertFeatures("swav_without_head", swav, "swav"), "swav, without head");
  assert.equal(
    await assertFeatures("moco_v2_without_head", { layouts: MOCO_LAYOUTS }),
    "moco, without head",
  );
});

for (const [name, [says, below]] of Object.entries(TWICE)) {
  Deno.test(`the checkpoint ${name} holds the network twice, and is read where it is asked for`, async () => {
    {
      using opened = await open(name);
      assert.throws(() => layoutOf(opened.file, NARROW), (error: Error) => {
        assert.ok(error instanceof RunError);
        assert.ok(error.message.includes(`hold resnet18 2 times, ${says}; name the one`), error.message);
        return true;
      });
      assert.throws(() => layoutOf(opened.file, NARROW, { below: "ema." }), /for resnet18 below "ema\."/);
    }
    assert.match(await assertFeatures(name, { below }), new RegExp(`, below "${below}"$`));
  });
}

Deno.test("a file of another network says which it looks like, in a wrapper or not", () => {
  const entries = backboneEntries(networkNamed("resnet34"));
  const wrapped = Object.fromEntries(
    Object.entries(entries).map(([name, shape]) => [`encoder.${name}`, shape]),
  );
  for (const shapes of [entries, wrapped]) {
    assert.throws(
      () => FrozenNetwork.load(weightsFile(shapes), networkNamed("resnet50")),
      (error: Error) => error instanceof RunError && /looks like weights of resnet34[.:]/.test(error.message),
    );
  }
});

Deno.test("a file of the network that is meant looks like no other, whatever is left over or missing", () => {
  for (const [name, one] of [["resnet50", "bn1.bias"], ["vit_base_32_clip_quickgelu", "norm.bias"]]) {
    const network = networkNamed(name), entries = backboneEntries(network), { [one]: _, ...fewer } = entries;
    const cases: [Shapes, string][] = [[{ ...entries, extra: [1] }, "left over"], [fewer, "missing"]];
    for (const [shapes, says] of cases) {
      const read = (name: string) => new Float32Array(shapes[name].reduce((a, b) => a * b, 1));
      assert.throws(
        () => FrozenNetwork.load({ ...weightsFile(shapes), read }, network),
        (error: Error) =>
          error instanceof RunError && error.message.includes(says) && !error.message.includes("looks like"),
      );
    }
  }
});
