import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { networkNamed, resnet, StudentNetwork } from "@seed/nn";
import { FrozenNetwork } from "@seed/nn/host";
import { testEngine } from "../support/engine.ts";
import { runners } from "../support/runners.ts";
import { assertFingerprint } from "./fingerprint.ts";
import { fill, images, toFill, weightsFile } from "./formula.ts";
import { backboneEntries, digest } from "./network_entries.ts";
import { assertTrainingPass } from "./training_pass.ts";
import golden from "./resnet.json" with { type: "json" };

/** As deep as the real ones; the deeper two with eight channels after the first convolution, to be quick. */
const STUDENTS = {
  resnet18: { depth: 18, width: 1 },
  resnet34: { depth: 34, width: 1 / 8 },
  resnet50: { depth: 50, width: 1 / 8 },
  "small stem": { depth: 18, width: 1 / 8, stem: "small" },
} as const;

for (const name of Object.keys(STUDENTS) as (keyof typeof STUDENTS)[]) {
  Deno.test(`${name} as a student trains as PyTorch's: outputs, running statistics, gradients`, async (t) => {
    const engine = await testEngine();
    const options = { seed: 0, head: { dim: 128 }, teacherDim: null };
    using student = await toFill(() =>
      new StudentNetwork(name, (source) => resnet(source, STUDENTS[name]), options)
    );
    const { batch, size: side, training } = golden.students[name];
    const input = images(batch, 8, side);
    for (const [how, run] of Object.entries(runners(engine))) {
      fill(student.parameters);
      quieten(student);
      await t.step(how, () => assertTrainingPass(student, input, training, run));
    }
    input.dispose();
  });
}

Deno.test("resnet18 as a student in evaluation mode computes torchvision's features", async (t) => {
  const engine = await testEngine();
  const options = { seed: 0, head: { dim: 128 }, teacherDim: null };
  using student = await toFill(() =>
    new StudentNetwork("resnet18", (source) => resnet(source, { depth: 18 }), options)
  );
  fill(student.parameters);
  const features = (x: tf.Tensor) => student.forward(x as tf.Tensor4D, { training: false }).features;
  for (const [how, run] of Object.entries(runners(engine))) {
    await t.step(how, () => assertFeatures(run, features, "resnet18"));
  }
});

for (const name of Object.keys(golden.evaluation) as (keyof typeof golden.evaluation)[]) {
  Deno.test(`${name}, frozen with batch norm folded, computes torchvision's features`, async (t) => {
    const engine = await testEngine(), network = networkNamed(name);
    using frozen = FrozenNetwork.load(weightsFile(backboneEntries(network)), network);
    const features = (x: tf.Tensor) => frozen.features(x as tf.Tensor4D);
    const { eager, traced } = runners(engine);
    await t.step("eager", () => assertFeatures(eager, features, name));
    // The others are the same blocks, and take long to trace.
    if (["resnet18", "resnet50"].includes(name)) {
      await t.step("traced", () => assertFeatures(traced, features, name));
    }
  });
}

Deno.test("every ResNet has the names and shapes of torchvision's, the wide ones of SwAV's", () => {
  const found = Object.keys(golden.names).map((name) => [name, digest(backboneEntries(networkNamed(name)))]);
  assert.deepEqual(Object.fromEntries(found), golden.names);
});

/** What bottlenecks add, to a quarter: else rounding grows from block to block. The twin of `quieten` in resnet.py. */
function quieten({ parameters }: StudentNetwork): void {
  for (const { name, variable } of parameters) {
    if (name.endsWith(".bn3.weight")) tf.tidy(() => variable.assign(tf.mul(variable, 0.25)));
  }
}

async function assertFeatures(
  run: ReturnType<typeof runners>["eager"],
  features: (x: tf.Tensor) => tf.Tensor,
  name: keyof typeof golden.evaluation,
): Promise<void> {
  const even = images("even", 2, 64), odd = images("odd", 2, 65), expected = golden.evaluation[name];
  const [atEven, atOdd] = await run((x, y) => [features(x), features(y)], even, odd);
  assertFingerprint("features", atEven, expected.features, { tolerance: 1e-4 });
  assertFingerprint("features at 65 px", atOdd, expected.odd_features, { tolerance: 1e-4 });
  tf.dispose([even, odd]);
}
