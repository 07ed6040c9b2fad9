import assert from "node:assert/strict";
import { join } from "node:path";
import { type NamedArray, writeSafetensors } from "@seed/core";
import plugin from "@seed/teacher-moco";
import { testContext, testEngine } from "../support/engine.ts";
import { assertFingerprint } from "./fingerprint.ts";
import { images, weight } from "./formula.ts";
import golden from "./moco_teacher.json" with { type: "json" };
import resnet18 from "./resnet18_state_dict.json" with { type: "json" };

const HEADS: Record<keyof typeof golden, Record<string, number[]>> = {
  v1: { "fc.weight": [128, 512], "fc.bias": [128] },
  v2: { "fc.0.weight": [512, 512], "fc.0.bias": [512], "fc.2.weight": [128, 512], "fc.2.bias": [128] },
};

/** Entries of a file of MoCo's: the encoder, and what is no part of it. */
function entries(version: keyof typeof golden): NamedArray[] {
  const arrays = Object.entries<number[]>({ ...resnet18, ...HEADS[version] }).map(([entry, shape]) => {
    const name = `module.encoder_q.${entry}`;
    const isCount = entry.endsWith("num_batches_tracked");
    return { name, shape, data: isCount ? BigInt64Array.of(7n) : weight(name, shape) };
  });
  const others = { "module.encoder_k.conv1.weight": [64, 3, 7, 7], "module.queue": [128, 16] };
  return [
    ...arrays,
    ...Object.entries(others).map(([name, shape]) => ({ name, shape, data: weight(name, shape) })),
    { name: "module.queue_ptr", shape: [1], data: BigInt64Array.of(3n) },
  ];
}

for (const version of ["v1", "v2"] as const) {
  Deno.test(`the teacher of a MoCo ${version} file computes PyTorch's embedding`, async () => {
    const engine = await testEngine();
    const folder = await Deno.makeTempDir();
    try {
      const weights = join(folder, "moco.safetensors");
      await writeSafetensors(weights, entries(version), {});
      const options = plugin.options.parse({ network: "resnet18", weights, precision: "fp32" });
      using teacher = await plugin.create(options, { ...testContext, engine });
      assert.equal(teacher.embeddingDim, 128);
      assert.equal(teacher.weights!.layout, `moco ${version}`);
      const input = images("images", 4, 64);
      const embedding = await teacher.embed(input);
      assertFingerprint("embedding", await embedding.data(), golden[version], { tolerance: 1e-4 });
      input.dispose();
      embedding.dispose();
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
