import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { IMAGENET } from "./normalize.ts";
import { ANTIALIASED_INTERPOLATION } from "../layers/position_embedding.ts";
import { TrainableParameters } from "../parameters/trainable_parameters.ts";
import { patchProblem } from "../layers/token_embedding.ts";
import { visionTransformer } from "./vision_transformer.ts";

Deno.test("a vision transformer's gradients are the slopes of its features, for every kind of parameter", async () => {
  using source = new TrainableParameters(3);
  const backbone = visionTransformer(source, {
    ...{ patch: 2, width: 4, heads: 2, grid: 3, layerScale: "ls", registers: 2 },
    interpolation: ANTIALIASED_INTERPOLATION,
  }, IMAGENET);
  const parameters = source.parameters.filter(({ name }) => !/^blocks\.([1-9]|10)\./.test(name));
  // Away from where tokens begin: near zero, and scaled by 1e-5, most slopes would be lost in rounding.
  for (const { variable } of source.parameters) {
    tf.tidy(() =>
      variable.assign(tf.add(variable, tf.randomUniform(variable.shape, 0.1, 0.6, "float32", 7)))
    );
  }
  // Another grid than that of the positions.
  const images = tf.randomUniform([2, 8, 8, 3], 0, 255, "float32", 1) as tf.Tensor4D;
  const direction = tf.randomNormal([2, 4], 0, 1, "float32", 2);
  const loss = () => tf.sum(tf.mul(backbone.features(images, { training: true }), direction)) as tf.Scalar;
  const { value, grads } = tf.variableGrads(loss, parameters.map(({ variable }) => variable));
  for (const { name, variable } of parameters) {
    const before = variable.clone(), gradient = grads[variable.name];
    const square = (await tf.tidy(() => tf.sum(tf.square(gradient))).data())[0];
    assert.ok(square > 0, name);
    // Along the gradient the slope is its length.
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
  tf.dispose([images, direction, value, grads]);
});

Deno.test("patchProblem names the nearest side that divides into patches", () => {
  assert.equal(patchProblem(224, 16), null);
  assert.match(
    patchProblem(224, 14 * 3)!,
    /^A side of 224 pixels .* patches of 42; the nearest that does is 210/,
  );
  assert.match(patchProblem(3, 16)!, /the nearest that does is 16/);
});
