import type { tf } from "@seed/core";
import { cacheDirectory } from "@seed/core/host";
import { networkNamed, openWeights } from "@seed/nn";
import { FrozenNetwork } from "@seed/nn/host";
import plugin from "@seed/teacher-efficientnet-lite";
import { testContext, testEngine } from "../support/engine.ts";
import { runners } from "../support/runners.ts";
import golden from "./efficientnet_lite2.json" with { type: "json" };
import { assertFingerprint } from "./fingerprint.ts";
import { images } from "./formula.ts";

const context = { ...testContext, cacheDir: `${cacheDirectory()}/seed_teacher-efficientnet-lite` };

Deno.test("EfficientNet-Lite2 and its teacher compute timm's features of the real weights", async (t) => {
  const engine = await testEngine();
  const options = plugin.options.parse({ precision: "fp32" });
  using teacher = await plugin.create(options, { ...context, engine }); // fetches the weights if need be
  using file = await openWeights(teacher.weights!.file);
  using network = FrozenNetwork.load(file, networkNamed("efficientnet_lite2"));
  for (const [size, expected] of Object.entries(golden)) {
    const input = images(`lite ${size}`, 2, Number(size));
    for (const [how, run] of Object.entries(runners(engine))) {
      await t.step(`features at ${size} px, ${how}`, async () => {
        const [features] = await run((x) => [network.features(x as tf.Tensor4D)], input);
        assertFingerprint("features", features, expected.features, { tolerance: 1e-4 });
      });
    }
    if (size === "128") {
      await t.step(`the teacher's embedding at ${size} px`, async () => {
        const embedding = await teacher.embed(input);
        assertFingerprint("embedding", await embedding.data(), expected.embedding, { tolerance: 1e-4 });
        embedding.dispose();
      });
    }
    input.dispose();
  }
});
