import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { networkNamed, StudentNetwork } from "@seed/nn";
import { FrozenNetwork } from "@seed/nn/host";
import { testEngine } from "../support/engine.ts";
import { runners } from "../support/runners.ts";
import { assertFingerprint, type Fingerprint } from "./fingerprint.ts";
import { fill, images, toFill, weightsFile } from "./formula.ts";
import { assertTrainingPass, type TrainingPass } from "./training_pass.ts";

/** What PyTorch computed with the weights of one layout. */
interface Golden {
  /** Of the weights' formula. */
  gain: number;
  shapes: Record<string, number[]>;
  features: Fingerprint;
  odd_features: Fingerprint;
  embedding: Fingerprint;
  /** Name of the images, and what became of them; where the network is not that of a layout before. */
  batch?: string;
  training?: TrainingPass;
}

const file = await Deno.open(new URL("./mobile_networks.json.gz", import.meta.url));
const golden: Record<string, Record<string, Golden>> = await new Response(
  file.readable.pipeThrough(new DecompressionStream("gzip")),
).json();

/** One of each family: compiling the larger ones takes long and shows nothing else. */
const isTraced = (network: string, layout: string) =>
  layout === "timm" && ["efficientnet_b0", "mobilenet_v3_small"].includes(network);

for (const [name, layouts] of Object.entries(golden)) {
  const network = networkNamed(name);

  Deno.test(`${name}, frozen, computes the features of every layout that it is published in`, async (t) => {
    const { eager, traced } = runners(await testEngine());
    const even = images("64 px", 2, 64), odd = images("65 px", 2, 65);
    for (const [layout, expected] of Object.entries(layouts)) {
      await t.step(layout, async () => {
        using frozen = FrozenNetwork.load(weightsFile(expected.shapes, expected.gain), network);
        assert.equal(frozen.layout.name, layout);
        const run = isTraced(name, layout) ? traced : eager;
        const [features, embedding, oddFeatures] = await run(
          (x, y) => {
            const [even, odd] = [x, y] as tf.Tensor4D[], features = frozen.features(even);
            return [features, frozen.headDim ? frozen.embedding(even) : features, frozen.features(odd)];
          },
          even,
          odd,
        );
        assertFingerprint("features", features, expected.features, { tolerance: 1e-4 });
        assertFingerprint("features at 65 px", oddFeatures, expected.odd_features, { tolerance: 1e-4 });
        if (frozen.headDim) {
          assertFingerprint("embedding", embedding, expected.embedding, { tolerance: 1e-4 });
        }
      });
    }
    tf.dispose([even, odd]);
  });

  Deno.test(`${name}, a student, computes features, statistics and gradients of every layout`, async (t) => {
    const { eager, traced } = runners(await testEngine());
    const odd = images("65 px", 2, 65), even = images("64 px", 2, 64);
    for (const [layoutName, expected] of Object.entries(layouts)) {
      if (!expected.training) continue;
      const { build = network.build, rename = (name: string) => name } = network.layouts.find(({ name }) =>
        name === layoutName
      )!;
      const options = { seed: 0, head: { dim: 128 }, teacherDim: null };
      using student = await toFill(() =>
        new StudentNetwork(name, (source) => build(source, network.normalization), options)
      );
      const parameters = student.parameters.map((p) => ({
        ...p,
        name: rename(p.name, (name) => name in expected.shapes),
      }));
      fill(parameters, expected.gain);
      const run = isTraced(name, layoutName) ? traced : eager;
      await t.step(`${layoutName}, evaluation`, async () => {
        const of = (x: tf.Tensor) => student.forward(x as tf.Tensor4D, { training: false });
        const [features, embedding, oddFeatures] = await run(
          (x, y) => {
            const output = of(x);
            return [output.features, output.embedding, of(y).features];
          },
          even,
          odd,
        );
        assertFingerprint("features", features, expected.features, { tolerance: 1e-4 });
        assertFingerprint("embedding", embedding, expected.embedding, { tolerance: 1e-4 });
        assertFingerprint("features at 65 px", oddFeatures, expected.odd_features, { tolerance: 1e-4 });
      });
      await t.step(`${layoutName}, training`, async () => {
        const trained = parameters.filter(({ trainable }) => trainable).map(({ name }) => name);
        assert.deepEqual(new Set(trained), new Set(Object.keys(expected.training!.gradients)));
        const batch = images(expected.batch!, 4, 64);
        const renamed = { parameters, forward: student.forward.bind(student) };
        await assertTrainingPass(renamed, batch, expected.training!, run);
        batch.dispose();
      });
    }
    tf.dispose([even, odd]);
  });
}
