import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  definePlugin,
  type NetworkContext,
  type RecipeFacts,
  RunError,
  tf,
  writeSafetensors,
} from "@seed/core";
import { eagerEngine } from "../../tests/support/eager_engine.ts";
import { images, weight } from "../../tests/golden/formula.ts";
import { backboneEntries, type Shapes } from "../../tests/golden/network_entries.ts";
import { MOCO_LAYOUTS } from "../layouts/moco.ts";
import { type Network, networkNamed } from "../networks/networks.ts";
import { loadTeacher, pretrainedTeacher } from "./pretrained_teacher.ts";
import { resnet } from "../backbones/resnet.ts";

/** A ResNet-18 of four channels, 32 features. */
const NARROW: Network = {
  ...networkNamed("resnet18"),
  build: (source, normalization) => resnet(source, { depth: 18, width: 1 / 16, normalization }),
};
const BACKBONE = backboneEntries(NARROW);
const MOCO: Shapes = {
  ...Object.fromEntries(Object.entries(BACKBONE).map(([name, shape]) => [`module.encoder_q.${name}`, shape])),
  "module.encoder_q.fc.weight": [5, 32],
  "module.encoder_q.fc.bias": [5],
};
const OPTIONS = { sha256: null, input_size: null, precision: "fp32" } as const;

const moco = definePlugin({
  kind: "teacher",
  name: "test-moco",
  apiVersion: 1,
  about: { summary: "" },
  ...pretrainedTeacher({
    networks: ["resnet50", "resnet18"],
    layouts: MOCO_LAYOUTS,
    layers: ["head", "features"],
  }),
});

/** Runs `test` with a file of the formula's values. */
async function withFile(
  shapes: Shapes,
  test: (path: string, sha256: string, context: NetworkContext) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-teacher-" }), path = join(folder, "weights");
  const arrays = Object.entries(shapes).map(([name, shape]) => ({ name, shape, data: weight(name, shape) }));
  try {
    await writeSafetensors(path, arrays, {});
    const sha256 = createHash("sha256").update(await Deno.readFile(path)).digest("hex");
    const engine = await eagerEngine();
    await test(path, sha256, {
      ...{ engine, seed: 0, cacheDir: folder, signal: new AbortController().signal, log() {} },
      resolve: (path) => join(folder, path),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a teacher from a file records it, and embeds into unit rows of the layer that it is made for", () =>
  withFile(MOCO, async (path, sha256, context) => {
    const input = images("images", 2, 32);
    for (const [layer, dim, tensors] of [["head", 5, 102], ["features", 32, 102]] as const) {
      using teacher = await loadTeacher(path, NARROW, { layer, options: { ...OPTIONS, sha256 }, context });
      assert.deepEqual(teacher.weights, { file: path, sha256, layout: "moco v1", tensors });
      assert.equal(teacher.embeddingDim, dim);
      const embedding = await teacher.embed(input);
      assert.deepEqual(embedding.shape, [2, dim]);
      for (const length of await tf.norm(embedding, 2, 1).data()) assert.ok(Math.abs(length - 1) < 1e-5);
      embedding.dispose();
    }
    input.dispose();
  }));

Deno.test("a teacher's leftovers are an error that says what accepts them", () =>
  withFile({ ...MOCO, "module.encoder_q.extra.weight": [1] }, async (path, _, context) => {
    const load = (options: object) =>
      loadTeacher(path, NARROW, { layer: "head", options: { ...OPTIONS, ...options }, context });
    await assert.rejects(load({}), (error) => {
      assert.ok(error instanceof RunError);
      assert.match(error.message, /left over "module.encoder_q.extra.weight"\n.*"allow_unused: true"/);
      return true;
    });
    (await load({ allow_unused: true }))[Symbol.dispose]();
  }));

Deno.test("pretrainedTeacher knows its networks, the first by default, and refuses other keys", () => {
  const { options } = moco, least = { weights: "file" };
  assert.deepEqual(options.parse(least), {
    ...least,
    ...OPTIONS,
    network: "resnet50",
    layer: "head",
    precision: "auto",
    below: null,
    allow_unused: false,
  });
  assert.ok(
    options.safeParse({ ...least, network: "resnet18", sha256: "a".repeat(64), input_size: 64 }).success,
  );
  for (
    const wrong of [{ network: "resnet34" }, { sha256: "abc" }, { input_size: 16 }, { alow_unused: true }]
  ) {
    assert.equal(options.safeParse({ ...least, ...wrong }).success, false, JSON.stringify(wrong));
  }
});

Deno.test("pretrainedTeacher's files are checked before anything loads", async () => {
  const check = (context: NetworkContext, given = {}) =>
    moco.checkFiles!(moco.options.parse({ network: "resnet18", weights: "weights", ...given }), context);
  await withFile(MOCO, async (_, sha256, context) => {
    await check(context, { sha256 });
    await assert.rejects(check(context, { sha256: "0".repeat(64) }), /but 0{64} is expected/);
    await assert.rejects(check(context, { weights: "nowhere" }), /no file of weights/);
  });
  await withFile(BACKBONE, async (path, _, context) => {
    await assert.rejects(check(context), /in no layout that is read for resnet18.*the layouts are moco v2/);
    const load = loadTeacher(path, NARROW, { layer: "head", options: OPTIONS, context });
    await assert.rejects(load, /layout "timm and torchvision", which has no projection head/);
  });
});

Deno.test("a pooling that the network does not offer, or that is not of its layer, is told", () => {
  const plugin = definePlugin({
    kind: "teacher",
    name: "test-pools",
    apiVersion: 1,
    about: { summary: "" },
    ...pretrainedTeacher({
      networks: ["vit_base_14", "vit_base_16_siglip", "resnet18"],
      layers: ["features", "head"],
    }),
  });
  const problems = (network: string, pool: "token" | "mean", layer = "features") =>
    plugin.check!(plugin.options.parse({ network, pool, layer, weights: "" }), {
      teacherSides: [224],
    } as unknown as RecipeFacts).filter(({ key }) => key === "pool").map(({ message }) => message);
  for (const pool of ["token", "mean"] as const) assert.deepEqual(problems("vit_base_14", pool), []);
  assert.deepEqual(problems("vit_base_16_siglip", "mean"), []);
  assert.match(
    problems("vit_base_16_siglip", "token")[0],
    /cannot be pooled by "token"; set pool to "mean", or leave/,
  );
  assert.match(
    problems("resnet18", "mean")[0],
    /cannot be pooled by "mean"; it pools in one way: leave the option out/,
  );
  assert.match(
    problems("vit_base_14", "mean", "head")[0],
    /pool is for features, and the teacher's layer is "head"/,
  );
});
