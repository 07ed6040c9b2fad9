/**
 * A student that begins from a published file has the features that PyTorch computes with it (mobile_networks.py), in
 * every layout whose conventions it can have.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type tf, writeSafetensors } from "@seed/core";
import { networkNamed } from "@seed/nn";
import efficientnet from "@seed/student-efficientnet";
import mobilenetV3 from "@seed/student-mobilenet-v3";
import { testContext, testEngine } from "../support/engine.ts";
import { inFolder } from "../support/plugin_context.ts";
import { runners } from "../support/runners.ts";
import { assertFingerprint, type Fingerprint } from "./fingerprint.ts";
import { images, weight } from "./formula.ts";

interface Golden {
  gain: number;
  shapes: Record<string, number[]>;
  features: Fingerprint;
}

const file = await Deno.open(new URL("./mobile_networks.json.gz", import.meta.url));
const golden: Record<string, Record<string, Golden>> = await new Response(
  file.readable.pipeThrough(new DecompressionStream("gzip")),
).json();

/** What a layout's network does otherwise than the student's, and its files' notes say. */
const DIFFERS: Record<string, RegExp> = {
  "seed paper": /pads pictures as TensorFlow does|scales channels before the activation/,
  "seed paper, linear head": /pads pictures as TensorFlow does|scales channels before the activation/,
  "efficientnet-pytorch": /pads pictures as TensorFlow does/,
  "mobilenetv3.pytorch": /scales channels before the activation/,
};

const STUDENTS = {
  efficientnet_b0: [efficientnet, { variant: "b0" }],
  mobilenet_v3_large: [mobilenetV3, { variant: "large" }],
  mobilenet_v3_small: [mobilenetV3, { variant: "small" }],
} as const;

for (const [name, [plugin, given]] of Object.entries(STUDENTS)) {
  Deno.test(`${name} begins from a file of every layout with its features`, (t) =>
    inFolder(async (folder) => {
      const engine = await testEngine(), { eager } = runners(engine);
      const views = images("64 px", 2, 64);
      const options = plugin.options.parse({ ...given, head: { dim: 128 } });
      assert.ok(Object.keys(golden[name]).length >= 3);
      for (const [layout, { shapes, gain, features }] of Object.entries(golden[name])) {
        await t.step(layout, async () => {
          const path = join(folder, `${layout}.safetensors`);
          const tensors = Object.entries(shapes).map(([name, shape]) => ({
            ...{ name, shape, data: weight(name, shape, gain) },
          }));
          await writeSafetensors(path, tensors, {});
          using student = await plugin.create(options as never, {
            ...testContext,
            engine,
            embeddingDim: null,
          });
          const taken = await plugin.loadWeights!(options as never, student, {
            path,
            allowUnused: false,
            below: null,
          });
          assert.equal(taken.layout, layout);
          const heads = student.parameters.filter(({ name }) => name.startsWith("head.")).length;
          assert.ok(taken.fresh === 0 || taken.fresh === heads, `${taken.fresh} of ${heads} are of noise`);
          assert.equal(taken.tensors, student.parameters.length - taken.fresh);
          assert.equal(
            taken.fresh > 0,
            networkNamed(name).layouts.find((own) => own.name === layout)!.head === null,
          );
          const differs = DIFFERS[layout];
          if (differs) return assert.match(taken.notes.join("\n"), differs);
          assert.doesNotMatch(taken.notes.join("\n"), /features begin near/);
          const [found] = await eager(
            (x) => [student.forward(x as tf.Tensor4D, { training: false }).features],
            views,
          );
          assertFingerprint("features", found, features, { tolerance: 1e-4 });
        });
      }
      views.dispose();
    }));
}
