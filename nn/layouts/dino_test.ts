import assert from "node:assert/strict";
import { RunError, tf, type WeightsFile } from "@seed/core";
import { unit, weight } from "../../tests/golden/formula.ts";
import { FrozenNetwork, layoutOf } from "../frozen/frozen_network.ts";
import { type Network, networkNamed } from "../networks/networks.ts";
import { IMAGENET } from "../backbones/normalize.ts";
import { dinoLayouts, timmVisionTransformer } from "./dino.ts";
import { dinov2Layouts } from "./dinov2.ts";
import type { TimmNetwork } from "./timm_network.ts";

/** Patches of 2 pixels, 3 on a side. */
const SIZE: TimmNetwork = { patch: 2, grid: 3, width: 4, heads: 2 };
const DINO: Network = {
  name: "tiny",
  build: timmVisionTransformer(SIZE),
  inputSize: 6,
  normalization: IMAGENET,
  layouts: dinoLayouts(SIZE),
};
const SCALED = { ...SIZE, layerScale: "ls" } as const;
const DINOV2: Network = { ...DINO, build: timmVisionTransformer(SCALED), layouts: dinov2Layouts(SCALED) };

type Shapes = Record<string, number[]>;

/** Entries of a backbone in the originals' names; `block` is the name of a block. */
function backbone(block = (i: number) => `blocks.${i}`): Shapes {
  const blocks = Array.from({ length: 12 }, (_, i) => {
    const linear = (name: string, outputs: number, inputs: number): [string, number[]][] => [
      [`${block(i)}.${name}.weight`, [outputs, inputs]],
      [`${block(i)}.${name}.bias`, [outputs]],
    ];
    const norm = (name: string): [string, number[]][] => [
      [`${block(i)}.${name}.weight`, [4]],
      [`${block(i)}.${name}.bias`, [4]],
    ];
    return [
      ...norm("norm1"),
      ...linear("attn.qkv", 12, 4),
      ...linear("attn.proj", 4, 4),
      ...norm("norm2"),
      ...linear("mlp.fc1", 16, 4),
      ...linear("mlp.fc2", 4, 16),
    ];
  }).flat();
  return {
    cls_token: [1, 1, 4],
    pos_embed: [1, 10, 4],
    "patch_embed.proj.weight": [4, 3, 2, 2],
    "patch_embed.proj.bias": [4],
    ...Object.fromEntries(blocks),
    "norm.weight": [4],
    "norm.bias": [4],
  };
}

/** DINOv2's: scaled, with a token for masks. */
function backbone2(block = (i: number) => `blocks.${i}`): Shapes {
  const scales = Array.from({ length: 12 }, (_, i) => [1, 2].map((n) => [`${block(i)}.ls${n}.gamma`, [4]]))
    .flat();
  return { ...backbone(block), ...Object.fromEntries(scales), mask_token: [1, 4] };
}

const REGISTERS: Shapes = { register_tokens: [1, 4, 4] };
const prefixed = (prefix: string, shapes: Shapes) =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [prefix + name, shape]));
const without = (name: string, shapes: Shapes) =>
  Object.fromEntries(Object.entries(shapes).filter(([entry]) => entry !== name));
/** Blocks as `block_chunks: 4` has them. */
const inChunks = (i: number) => `blocks.${Math.floor(i / 3)}.${i}`;

/** A value depends on its name without prefixes and the number of its chunk. */
function fileOf(shapes: Shapes): WeightsFile {
  return {
    path: "weights.file",
    format: "test",
    metadata: {},
    tensors: new Map(Object.entries(shapes).map(([name, shape]) => [name, { dtype: "F32", shape }])),
    read(name) {
      const known = name.replace(/^.*backbone\./, "").replace(/^blocks\.\d+\.(\d+)\./, "blocks.$1.");
      return weight(known, shapes[name]);
    },
    [Symbol.dispose]() {},
  };
}

/** Of pictures of two sizes, so that positions are interpolated for one. */
async function features(shapes: Shapes, network: Network) {
  using frozen = FrozenNetwork.load(fileOf(shapes), network);
  const rows = [6, 10].map((side) => {
    const pixels = [...unit("pixels", 2 * side * side * 3)].map((value) => 255 * value);
    return tf.tidy(() => frozen.features(tf.tensor4d(pixels, [2, side, side, 3])));
  });
  const values = await Promise.all(rows.map((row) => row.data()));
  tf.dispose(rows);
  return { layout: frozen.layout.name, values };
}

const student = {
  "student.module.backbone.cls_token": [1, 1, 4],
  "student.module.head.mlp.0.weight": [8, 4],
};
const head = { "head.mlp.0.weight": [8, 4], "dino_loss.center": [1, 6] };

Deno.test("DINO's backbone files and full checkpoints give the same network", async () => {
  const own = await features(backbone(), DINO);
  assert.equal(own.layout, "dino, timm without classifier");
  const checkpoint = {
    ...student,
    ...prefixed("teacher.backbone.", backbone()),
    ...prefixed("teacher.", head),
  };
  assert.deepEqual(await features(checkpoint, DINO), { ...own, layout: "dino checkpoint" });
  const distributed = { ...student, ...prefixed("teacher.module.backbone.", backbone()) };
  assert.deepEqual(await features(distributed, DINO), { ...own, layout: "dino checkpoint, distributed" });
});

Deno.test("full checkpoints of DINO's ResNets are found by their teacher", () => {
  for (const [wrapper, suffix] of [["", ""], ["module.", ", distributed"]]) {
    const file = fileOf({
      "student.module.backbone.conv1.weight": [1],
      [`teacher.${wrapper}backbone.conv1.weight`]: [1],
    });
    const layout = layoutOf(file, networkNamed("resnet50"));
    assert.deepEqual([layout.name, layout.head], [`dino checkpoint${suffix}`, null]);
    assert.ok(layout.dropped("student.module.backbone.conv1.weight"));
    assert.ok(!layout.dropped(`teacher.${wrapper}backbone.conv1.weight`));
  }
});

Deno.test("timm's file with a classifier differs from DINO's in how it interpolates positions alone", async () => {
  const own = await features(backbone(), DINO);
  const timm = await features({ ...backbone(), "head.weight": [10, 4], "head.bias": [10] }, DINO);
  assert.equal(timm.layout, "timm");
  assert.deepEqual(timm.values[0], own.values[0]);
  assert.notDeepEqual(timm.values[1], own.values[1]);
});

for (const [registers, suffix] of [[{}, ""], [REGISTERS, ", registers"]] as const) {
  Deno.test(`DINOv2's backbone files and full checkpoints${suffix} give the same network`, async () => {
    const own = await features({ ...backbone2(), ...registers }, DINOV2);
    assert.equal(own.layout, `dinov2${suffix}`);
    for (const block of [undefined, inChunks, (i: number) => `blocks.0.${i}`]) {
      const teacher = prefixed("teacher.backbone.", { ...backbone2(block), ...registers });
      const checkpoint = { ...teacher, "teacher.dino_head.mlp.0.weight": [8, 4] };
      assert.deepEqual(await features(checkpoint, DINOV2), { ...own, layout: `dinov2 checkpoint${suffix}` });
    }
  });
}

Deno.test("timm's names of DINOv2's networks are told from its own", async () => {
  const plain = without("mask_token", backbone2());
  assert.equal((await features(plain, DINOV2)).layout, "timm");
  // Neither the class token nor a register has a position.
  const registers = { ...plain, reg_token: [1, 4, 4], pos_embed: [1, 9, 4] };
  assert.equal((await features(registers, DINOV2)).layout, "timm, registers");
});

Deno.test("the count of positions in a file tells the grid that they are for", async () => {
  const larger = await features({ ...backbone(), pos_embed: [1, 26, 4] }, DINO);
  assert.notDeepEqual(larger.values, (await features(backbone(), DINO)).values);
  await assert.rejects(features({ ...backbone(), pos_embed: [1, 12, 4] }, DINO), (error) => {
    assert.ok(error instanceof RunError);
    assert.match(error.message, /"pos_embed" has the shape \[1,12,4\], expected \[1,10,4\]/);
    return true;
  });
});

Deno.test("a count of positions that the file has no values for takes no memory, and is told", async () => {
  for (const shape of [[1, 4e9, 0], [0, 4e9, 4], [1, 1, 4], [1, 4e9, 3]]) {
    await assert.rejects(features({ ...backbone(), pos_embed: shape }, DINO), (error) => {
      assert.ok(error instanceof RunError, `${error}`);
      assert.match(error.message, /"pos_embed" has the shape \[[^\]]*\], expected \[1,10,4\]/);
      return true;
    });
  }
});

Deno.test("pictures that do not divide into patches stop with the nearest size that does", () => {
  using frozen = FrozenNetwork.load(fileOf(backbone()), DINO);
  const images = tf.zeros([1, 7, 7, 3]) as tf.Tensor4D;
  assert.throws(() => tf.tidy(() => frozen.features(images)), (error: Error) => {
    assert.ok(error instanceof RunError);
    assert.match(
      error.message,
      /^A side of 7 pixels does not divide into patches of 2; the nearest that does is 8/,
    );
    return true;
  });
  images.dispose();
});
