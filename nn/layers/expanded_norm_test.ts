import assert from "node:assert/strict";
import { Random, tf } from "@seed/core";
import { testEngine } from "../../tests/support/engine.ts";
import { testSameGradients } from "../../tests/support/same_gradients.ts";
import { hardSwish, identity, relu, silu } from "./activation.ts";
import { type BatchNormParameters, batchNormTraining } from "./batch_norm.ts";
import { convolve } from "./conv.ts";
import { expandedNorm, expandsFaster } from "./expanded_norm.ts";

testSameGradients(
  "expandedNorm is a convolution, a batch norm and an activation, also far from zero and of few pixels",
  async (assertSame) => {
    const engine = await testEngine();
    for (let trial = 0; trial < 12; trial++) {
      const random = new Random(trial, "expanded norm");
      const small = [1 + random.below(4), 1 + random.below(6), 2 + random.below(6)];
      const [batch, height, width] = trial % 3 === 2 ? [3, 28, 30] : small;
      const inputs = 2 + random.below(5), outputs = 1 + random.below(20);
      const activation = [identity, relu, silu, hardSwish][trial % 4];
      const epsilon = [1e-5, 1e-3][random.below(2)], momentum = random.uniform(0.05, 1);
      const draw = (shape: number[], low: number, high: number) =>
        tf.randomUniform(shape, low, high, "float32", random.below(1e6));
      const away = [0, 4][random.below(2)];
      const tensors = {
        x: tf.tidy(() => tf.add(draw([batch, height, width, inputs], -1, 1), away)),
        weight: draw([1, 1, inputs, outputs], -1, 1),
        scale: draw([outputs], 0.5, 2),
        offset: draw([outputs], -1, 1),
      };
      const moved = {
        runningMean: tf.variable(tf.fill([outputs], 0.5), false),
        runningVariance: tf.variable(tf.fill([outputs], 2), false),
      };
      const parameters = (scale: tf.Tensor, offset: tf.Tensor) =>
        ({ scale, offset, ...moved }) as unknown as BatchNormParameters;
      const options = { channels: outputs, epsilon, momentum };
      const pixelConv = { inputs, outputs, kernel: 1 };
      await assertSame(
        engine,
        [
          (x, weight, scale, offset) =>
            expandedNorm(x as tf.Tensor4D, weight as tf.Tensor4D, parameters(scale, offset), {
              ...options,
              activation,
            }),
          (x, weight, scale, offset) => {
            const y = convolve(x as tf.Tensor4D, weight as tf.Tensor4D, pixelConv);
            return activation(batchNormTraining(y, parameters(scale, offset), options));
          },
        ],
        tensors,
        { moved, tolerance: 3e-4 },
      );
      tf.dispose([...Object.values(tensors), ...Object.values(moved)]);
    }
  },
);

Deno.test("expandsFaster() is for maps of many pixels", () => {
  const ofShape = (shape: [number, number, number, number]) => expandsFaster({ shape } as tf.Tensor4D);
  assert.deepEqual([ofShape([32, 112, 112, 16]), ofShape([32, 7, 7, 192])], [true, false]);
});
