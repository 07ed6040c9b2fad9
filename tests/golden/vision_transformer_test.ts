import assert from "node:assert/strict";
import type { tf, WeightsFile } from "@seed/core";
import { networkNamed } from "@seed/nn";
import { FrozenNetwork } from "@seed/nn/host";
import { testEngine } from "../support/engine.ts";
import { runners } from "../support/runners.ts";
import { assertFingerprint, type Fingerprint } from "./fingerprint.ts";
import { images, weight, weightsFile } from "./formula.ts";
import golden from "./vision_transformer.json" with { type: "json" };

/** What PyTorch gives for a file. */
interface Expected {
  /** Of the blocks the first alone. */
  entries: Record<string, number[]>;
  /** By side of the images in pixels. */
  features: Record<string, Fingerprint & { images: number }>;
}

/** Layout that each file is found to be in. */
const LAYOUTS: Record<keyof typeof golden, string> = {
  "dino, vit_small_16": "dino, timm without classifier",
  "dino, vit_base_16": "dino, timm without classifier",
  "timm, vit_small_16": "timm",
  "dinov2, vit_small_14": "dinov2",
  "dinov2, vit_small_14, registers": "dinov2, registers",
  "timm, vit_small_14": "timm",
  "timm, vit_small_14, registers": "timm, registers",
};

/** Values of the small networks' files, which have most names in common. */
const known = new Map<string, Float32Array>();

function fileOf(entries: Record<string, number[]>): WeightsFile {
  const all = Object.entries(entries).flatMap(([name, shape]): [string, number[]][] =>
    name.startsWith("blocks.0.")
      ? Array.from({ length: 12 }, (_, i) => [name.replace("0", `${i}`), shape])
      : [[name, shape]]
  );
  const shapes = Object.fromEntries(all);
  const read = (name: string) => {
    const key = `${name} ${shapes[name]}`, values = known.get(key) ?? weight(name, shapes[name]);
    if (entries["norm.bias"][0] === 384) known.set(key, values);
    return values;
  };
  return { ...weightsFile(shapes), read };
}

for (const [name, layout] of Object.entries(LAYOUTS)) {
  Deno.test(`the features of ${name} are PyTorch's`, async (t) => {
    const engine = await testEngine();
    const { entries, features } = golden[name as keyof typeof golden] as Expected;
    // Without it, timm's names are DINO's.
    const classifier: Record<string, number[]> = name === "timm, vit_small_16"
      ? { "head.weight": [10, 384], "head.bias": [10] }
      : {};
    const file = fileOf({ ...entries, ...classifier });
    using network = FrozenNetwork.load(file, networkNamed(name.split(", ")[1]));
    assert.equal(network.layout.name, layout);
    const { eager, traced } = runners(engine);
    for (const [side, expected] of Object.entries(features)) {
      await t.step(`${side} px`, async () => {
        const input = images("images", expected.images, Number(side));
        // Small pictures operation by operation, which is the sooner of the two with constants as large.
        const run = Number(side) <= 48 ? eager : traced;
        const [values] = await run((x) => [network.features(x as tf.Tensor4D)], input);
        assertFingerprint("features", values, expected, { tolerance: 2e-4 });
        input.dispose();
      });
    }
  });
}
