import { tf } from "@seed/core";
import { efficientnetB0, FrozenParameters, StudentNetwork } from "@seed/nn";
import { testEngine } from "../support/engine.ts";
import { runners } from "../support/runners.ts";
import golden from "./efficientnet_b0.json" with { type: "json" };
import entries from "./efficientnet_b0_state_dict.json" with { type: "json" };
import { assertFingerprint } from "./fingerprint.ts";
import { fill, images, weightsFile } from "./formula.ts";
import { assertTrainingPass } from "./training_pass.ts";

const options = { seed: 0, head: { dim: 128 }, teacherDim: null };

Deno.test("EfficientNet-B0 computes timm's features and gradients", async (t) => {
  const engine = await testEngine();
  using student = new StudentNetwork("efficientnet_b0", efficientnetB0, options);
  const input = images("images", 4, 64), odd = images("odd", 2, 65);
  for (const [how, run] of Object.entries(runners(engine))) {
    fill(student.parameters);
    await t.step(`evaluation, ${how}`, async () => {
      const [features, embedding, oddFeatures] = await run(
        (x, y) => {
          const output = student.forward(x as tf.Tensor4D, { training: false });
          const { features } = student.forward(y as tf.Tensor4D, { training: false });
          return [output.features, output.embedding, features];
        },
        input,
        odd,
      );
      const { evaluation } = golden;
      assertFingerprint("features", features, evaluation.features, { tolerance: 1e-4 });
      assertFingerprint("embedding", embedding, evaluation.embedding, { tolerance: 1e-4 });
      assertFingerprint("features at 65 px", oddFeatures, evaluation.odd_features, { tolerance: 1e-4 });
    });
    await t.step(`training, ${how}`, () => assertTrainingPass(student, input, golden.training, run));
  }
  tf.dispose([input, odd]);
});

Deno.test("EfficientNet-B0, frozen with batch norm folded, computes timm's features", async (t) => {
  const engine = await testEngine();
  using parameters = new FrozenParameters(weightsFile(entries as Record<string, number[]>));
  const backbone = efficientnetB0(parameters);
  parameters.finish();
  const input = images("images", 4, 64), odd = images("odd", 2, 65);
  for (const [how, run] of Object.entries(runners(engine))) {
    await t.step(how, async () => {
      const of = (x: tf.Tensor) => backbone.features(x as tf.Tensor4D, { training: false });
      const [features, oddFeatures] = await run((x, y) => [of(x), of(y)], input, odd);
      assertFingerprint("features", features, golden.evaluation.features, { tolerance: 1e-4 });
      const expected = golden.evaluation.odd_features;
      assertFingerprint("features at 65 px", oddFeatures, expected, { tolerance: 1e-4 });
    });
  }
  tf.dispose([input, odd]);
});
