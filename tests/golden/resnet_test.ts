import { tf } from "@seed/core";
import { FrozenParameters, resnet, StudentNetwork } from "@seed/nn";
import { testEngine } from "../support/engine.ts";
import { runners } from "../support/runners.ts";
import { assertFingerprint } from "./fingerprint.ts";
import { fill, images, weightsFile } from "./formula.ts";
import { assertTrainingPass } from "./training_pass.ts";
import resnet18 from "./resnet18.json" with { type: "json" };
import resnet18Entries from "./resnet18_state_dict.json" with { type: "json" };
import resnet50 from "./resnet50.json" with { type: "json" };
import resnet50Entries from "./resnet50_state_dict.json" with { type: "json" };

Deno.test("ResNet-18 as a student computes torchvision's features and gradients", async (t) => {
  const engine = await testEngine();
  const options = { seed: 0, head: { dim: 128 }, teacherDim: null };
  using student = new StudentNetwork("resnet18", (source) => resnet(source, { depth: 18 }), options);
  const even = images("even", 2, 64), odd = images("odd", 2, 65), batch = images(resnet18.batch, 8, 32);
  for (const [how, run] of Object.entries(runners(engine))) {
    fill(student.parameters);
    await t.step(`evaluation, ${how}`, async () => {
      const features = (x: tf.Tensor) => student.forward(x as tf.Tensor4D, { training: false }).features;
      const [atEven, atOdd] = await run((x, y) => [features(x), features(y)], even, odd);
      assertFingerprint("features", atEven, resnet18.evaluation.features, { tolerance: 1e-4 });
      assertFingerprint("features at 65 px", atOdd, resnet18.evaluation.odd_features, { tolerance: 1e-4 });
    });
    await t.step(`training, ${how}`, () => assertTrainingPass(student, batch, resnet18.training, run));
  }
  tf.dispose([even, odd, batch]);
});

const frozen = [
  [18, resnet18.evaluation, resnet18Entries],
  [50, resnet50.evaluation, resnet50Entries],
] as const;

for (const [depth, expected, entries] of frozen) {
  Deno.test(`ResNet-${depth}, frozen with batch norm folded, computes torchvision's features`, async (t) => {
    const engine = await testEngine();
    using parameters = new FrozenParameters(weightsFile(entries as Record<string, number[]>));
    const backbone = resnet(parameters, { depth });
    parameters.finish();
    const even = images("even", 2, 64), odd = images("odd", 2, 65);
    for (const [how, run] of Object.entries(runners(engine))) {
      await t.step(how, async () => {
        const features = (x: tf.Tensor) => backbone.features(x as tf.Tensor4D, { training: false });
        const [atEven, atOdd] = await run((x, y) => [features(x), features(y)], even, odd);
        assertFingerprint("features", atEven, expected.features, { tolerance: 1e-4 });
        assertFingerprint("features at 65 px", atOdd, expected.odd_features, { tolerance: 1e-4 });
      });
    }
    tf.dispose([even, odd]);
  });
}
