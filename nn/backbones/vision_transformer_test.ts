import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { IMAGENET } from "./normalize.ts";
import { ANTIALIASED_INTERPOLATION } from "../layers/position_embedding.ts";
import { TrainableParameters } from "../parameters/trainable_parameters.ts";
import { patchProblem } from "../layers/token_embedding.ts";
import { convnext } from "./convnext.ts";
import { visionTransformer, type VisionTransformerOptions } from "./vision_transformer.ts";

/** Of each of a publisher's kinds of parts, one. */
const NETWORKS: Record<string, VisionTransformerOptions> = {
  "learnt positions": {
    ...{ patch: 2, width: 4, heads: 2, depth: 2, grid: 3, layerScale: "ls", registers: 2 },
    interpolation: ANTIALIASED_INTERPOLATION,
  },
  "rotary positions": {
    ...{ patch: 2, width: 8, heads: 2, depth: 2, rotaryBase: 100, registers: 2 },
    ...{ layerScale: "gamma", bias: "no keys", gate: "apart", hidden: 6 },
  },
  "attention pooling": {
    ...{ patch: 2, width: 4, heads: 2, depth: 1, grid: 3, interpolation: ANTIALIASED_INTERPOLATION },
    ...{ classToken: false, pool: "attention", preNorm: true, patchBias: false, gate: "packed", hidden: 3 },
  },
};

for (const [name, options] of Object.entries(NETWORKS)) {
  Deno.test(`the gradients of a vision transformer with ${name} are the slopes of its features`, async () => {
    using source = new TrainableParameters(3);
    const backbone = visionTransformer(source, options, IMAGENET);
    const direction = tf.randomNormal([2, backbone.featureDim], 0, 1, "float32", 2);
    await assertSlopes(
      source,
      (images) => tf.sum(tf.mul(backbone.features(images, { training: true }), direction)) as tf.Scalar,
    );
  });
}

Deno.test("a ConvNeXt's gradients are the slopes of its features", async () => {
  using source = new TrainableParameters(3);
  const backbone = convnext(source, { blocks: [1, 1], widths: [4, 6] }, IMAGENET);
  const direction = tf.randomNormal([2, 6], 0, 1, "float32", 2);
  await assertSlopes(
    source,
    (images) => tf.sum(tf.mul(backbone.features(images, { training: true }), direction)) as tf.Scalar,
  );
});

/** Along the gradient of each parameter the slope is its length. */
async function assertSlopes(source: TrainableParameters, lossOf: (images: tf.Tensor4D) => tf.Scalar) {
  // Away from where tokens begin: near zero, and scaled by 1e-5, most slopes would be lost in rounding.
  for (const { variable } of source.parameters) {
    tf.tidy(() =>
      variable.assign(tf.add(variable, tf.randomUniform(variable.shape, 0.1, 0.6, "float32", 7)))
    );
  }
  // Another grid than that of the positions.
  const images = tf.randomUniform([2, 8, 8, 3], 0, 255, "float32", 1) as tf.Tensor4D;
  const loss = () => lossOf(images);
  const { value, grads } = tf.variableGrads(loss, source.parameters.map(({ variable }) => variable));
  for (const { name, variable } of source.parameters) {
    const before = variable.clone(), gradient = grads[variable.name];
    const square = (await tf.tidy(() => tf.sum(tf.square(gradient))).data())[0];
    assert.ok(square > 0, name);
    const step = 2e-3 / Math.sqrt(square);
    const [up, down] = [step, -step].map((by) =>
      tf.tidy(() => {
        variable.assign(tf.add(before, tf.mul(gradient, by)));
        return loss().dataSync()[0];
      })
    );
    variable.assign(before);
    const slope = (up - down) / (2 * step);
    assert.ok(Math.abs(slope / square - 1) < 0.05, `${name}: ${slope}, expected ${square}`);
    before.dispose();
  }
  tf.dispose([images, value, grads]);
}

Deno.test("patchProblem names the nearest side that divides into patches", () => {
  assert.equal(patchProblem(224, 16), null);
  assert.match(
    patchProblem(224, 14 * 3)!,
    /^A side of 224 pixels .* patches of 42; the nearest that does is 210/,
  );
  assert.match(patchProblem(3, 16)!, /the nearest that does is 16/);
});
