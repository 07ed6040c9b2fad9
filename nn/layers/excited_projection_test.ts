import { Random, tf } from "@seed/core";
import { testEngine } from "../../tests/support/engine.ts";
import { testSameGradients } from "../../tests/support/same_gradients.ts";
import { hardSigmoid, hardSwish, relu, sigmoid, silu } from "./activation.ts";
import { convolve } from "./conv.ts";
import { excitedProjection } from "./excited_projection.ts";
import { squeezeExcite } from "./squeeze_excite.ts";
import { TrainableParameters } from "../parameters/trainable_parameters.ts";

for (const [what, side, outputs] of [["a weight an image", 6, 3], ["one weight for all", 2, 5]] as const) {
  testSameGradients(
    `excitedProjection is an activation, squeeze-and-excitation and a convolution: ${what}`,
    async (assertSame) => {
      const engine = await testEngine();
      const random = new Random(side, "excited projection"), inputs = 7, batch = 3;
      const draw = (shape: number[], low = -1, high = 1) =>
        tf.randomUniform(shape, low, high, "float32", random.below(1e6));
      for (const [activation, gate] of [[silu, sigmoid], [hardSwish, hardSigmoid], [relu, hardSigmoid]]) {
        using source = new TrainableParameters(side);
        const excite = squeezeExcite(source, ["reduce", "expand"], {
          channels: inputs,
          reduced: 4,
          activation: silu,
          gate,
        });
        for (const { variable } of source.parameters) {
          const moved = draw(variable.shape);
          variable.assign(moved); // biases start at zero
          moved.dispose();
        }
        const [reduceWeight, reduceBias, expandWeight, expandBias] = excite.weights;
        const tensors = {
          ...{ x: draw([batch, side, side, inputs], -3, 3), weight: draw([1, 1, inputs, outputs]) },
          ...{ reduceWeight, reduceBias, expandWeight, expandBias },
        };
        await assertSame(engine, [
          (x, weight) => excitedProjection(x as tf.Tensor4D, activation, excite, weight as tf.Tensor4D),
          (x, weight) =>
            convolve(excite(activation(x as tf.Tensor4D)), weight as tf.Tensor4D, {
              inputs,
              outputs,
              kernel: 1,
            }),
        ], tensors);
        tf.dispose([tensors.x, tensors.weight]);
      }
    },
  );
}
