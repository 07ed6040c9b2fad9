import assert from "node:assert/strict";
import { Random, tf } from "@seed/core";
import { testEngine } from "../../tests/support/engine.ts";
import { runners } from "../../tests/support/runners.ts";
import { convolve, type ConvOptions, type Padding } from "./conv.ts";
import { paddings } from "./conventions.ts";

type Shape4 = [number, number, number, number];

/** Convolution loop by loop; calls `visit` for every product, with flat indices into output, input and weight. */
function eachProduct(
  [batch, height, width, channels]: Shape4,
  { outputs, kernel, stride = 1, depthwise = false, padding = "symmetric" }: ConvOptions,
  visit: (output: number, input: number, weight: number) => void,
): Shape4 {
  const pads = padding === "symmetric" ? [kernel >> 1, kernel >> 1] : padding;
  const size = (side: number) =>
    pads === "same" ? Math.ceil(side / stride) : Math.floor((side + pads[0] + pads[1] - kernel) / stride) + 1;
  const before = (side: number) =>
    pads === "same" ? Math.max(0, (size(side) - 1) * stride + kernel - side) >> 1 : pads[0];
  const [rows, columns] = [size(height), size(width)];
  for (let n = 0; n < batch; n++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        for (let o = 0; o < outputs; o++) {
          for (let i = depthwise ? o : 0; i < (depthwise ? o + 1 : channels); i++) {
            for (let kr = 0; kr < kernel; kr++) {
              for (let kc = 0; kc < kernel; kc++) {
                const y = r * stride + kr - before(height), x = c * stride + kc - before(width);
                if (y < 0 || y >= height || x < 0 || x >= width) continue;
                visit(
                  ((n * rows + r) * columns + c) * outputs + o,
                  ((n * height + y) * width + x) * channels + i,
                  depthwise
                    ? (kr * kernel + kc) * channels + i
                    : ((kr * kernel + kc) * channels + i) * outputs + o,
                );
              }
            }
          }
        }
      }
    }
  }
  return [batch, rows, columns, outputs];
}

const close = (name: string, actual: Float32Array, expected: Float64Array) => {
  assert.equal(actual.length, expected.length, name);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i] - value) < 1e-4, `${name}[${i}]: ${actual[i]}, expected ${value}`);
  });
};

Deno.test("convolve() and its gradients are the plain loops', for every padding and any size", async () => {
  const engine = await testEngine();
  for (let trial = 0; trial < 30; trial++) {
    const random = new Random(trial, "conv");
    const depthwise = random.chance(0.5), channels = 1 + random.below(5);
    const stride = 1 + random.below(2);
    const kernel = depthwise ? [3, 5, 7][random.below(3)] : [1, 3, 5, 7][random.below(4)];
    const fixed = paddings(1 + random.below(16))(kernel, stride); // of pictures of another size
    const options: ConvOptions = {
      inputs: channels,
      outputs: depthwise ? channels : 1 + random.below(5),
      kernel,
      stride,
      depthwise,
      padding: ["same", "symmetric", fixed][random.below(3)] as Padding,
      biased: random.chance(0.5),
    };
    const shape: Shape4 = [1 + random.below(2), 3 + random.below(8), 3 + random.below(8), channels];
    const { outputs } = options;
    const weightShape: Shape4 = [kernel, kernel, channels, depthwise ? 1 : outputs];
    const draw = (s: number[]) =>
      Float32Array.from({ length: s.reduce((a, b) => a * b) }, () => random.uniform(-1, 1));
    const data = draw(shape), weights = draw(weightShape);
    const outputShape = eachProduct(shape, options, () => {}), upstream = draw(outputShape);
    const y = new Float64Array(upstream.length), dx = new Float64Array(data.length);
    const dWeight = new Float64Array(weights.length);
    eachProduct(shape, options, (o, i, w) => {
      y[o] += data[i] * weights[w];
      dx[i] += upstream[o] * weights[w];
      dWeight[w] += upstream[o] * data[i];
    });
    const inputs = [
      tf.tensor4d(data, shape),
      tf.tensor4d(weights, weightShape),
      tf.tensor4d(upstream, outputShape),
    ];
    for (const [how, run] of Object.entries(runners(engine))) {
      const [value, gradient, weightGradient] = await run((x, weight, upstream) => {
        const conv = (x: tf.Tensor, w: tf.Tensor) => convolve(x as tf.Tensor4D, w as tf.Tensor4D, options);
        const loss = (x: tf.Tensor, w: tf.Tensor) => tf.sum(tf.mul(conv(x, w), upstream)) as tf.Scalar;
        return [conv(x, weight), ...tf.grads(loss)([x, weight])];
      }, ...inputs);
      const name = `trial ${trial}, ${how}, [${shape}] ${JSON.stringify(options)}`;
      close(`${name}: value`, value, y);
      close(`${name}: gradient of the input`, gradient, dx);
      close(`${name}: gradient of the weight`, weightGradient, dWeight);
    }
    tf.dispose(inputs);
  }
});
