/** What tfjs's own kernels compute is what the mended ones have to: they are taken before the mending. */
import assert from "node:assert/strict";
import { Random } from "../random.ts";
import { tf } from "../tf.ts";
import { mendHostKernels } from "./host_kernels.ts";

const CONVOLUTIONS = [
  { what: "a convolution", image: [2, 7, 6, 3], filters: [3, 3, 3, 4], strides: 1, pad: "same" },
  {
    what: "strides, and pixels left over",
    image: [3, 8, 7, 2],
    filters: [3, 2, 2, 5],
    strides: 2,
    pad: "valid",
  },
  { what: "explicit padding", image: [2, 6, 9, 3], filters: [5, 3, 3, 2], strides: [2, 1], pad: 2 },
  { what: "depthwise", image: [2, 7, 6, 4], filters: [3, 3, 4, 1], strides: 1, pad: "same", depthwise: true },
  {
    what: "two filters a channel",
    image: [2, 9, 6, 3],
    filters: [3, 5, 3, 2],
    strides: 2,
    pad: 1,
    depthwise: true,
  },
] as const;

const SHAPES = [
  [[2, 3, 4], [4]],
  [[3, 1], [2, 3, 4]],
  [[2, 1, 4], [1, 3, 1]],
  [[1], [2, 2]],
  [[2, 3], []],
  [[1, 1, 5], [1, 1, 5]],
  [[0, 4], [1, 4]],
];

function normal(name: string, shape: readonly number[]): tf.Tensor {
  const random = new Random(0, name), size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(Float32Array.from({ length: size }, () => random.normal()), [...shape]);
}

/** The gradient of filters. */
function gradient({ image, filters, strides, pad, ...more }: typeof CONVOLUTIONS[number]): tf.Tensor {
  const step = strides as number | [number, number], x = normal("x", image) as tf.Tensor4D;
  const convolve = (w: tf.Tensor4D) =>
    "depthwise" in more ? tf.depthwiseConv2d(x, w, step, pad) : tf.conv2d(x, w, step, pad);
  const w = normal("w", filters) as tf.Tensor4D, dy = normal("dy", convolve(w).shape);
  return tf.grad((w) => convolve(w as tf.Tensor4D).mul(dy).sum())(w);
}

const COMPUTED: Record<string, () => tf.Tensor> = {
  ...Object.fromEntries(CONVOLUTIONS.map((one) => [`the gradient of ${one.what}`, () => gradient(one)])),
  ...Object.fromEntries(SHAPES.flatMap(([a, b]) =>
    (["add", "sub", "mul", "div"] as const).map((name) => [
      `${name} of [${a}] and [${b}]`,
      () => normal("a", a)[name](normal("b", b)),
    ])
  )),
  "whole numbers": () => tf.tensor2d([[1, -2], [3, 4]], undefined, "int32").mul(tf.tensor1d([5, 7], "int32")),
};

/** Shape, type and bits of each. */
function outcomes() {
  return Object.entries(COMPUTED).map(([what, compute]) =>
    tf.tidy(() => {
      const result = compute(), { buffer } = result.dataSync() as Float32Array<ArrayBuffer>;
      return { what, shape: result.shape, dtype: result.dtype, bits: new Uint8Array(buffer) };
    })
  );
}

Deno.test("mended kernels give the bits of tfjs's own, and leave no tensors", async () => {
  await tf.setBackend("cpu");
  const own = outcomes();
  mendHostKernels();
  const { numTensors, numDataBuffers } = tf.memory();
  assert.deepEqual(outcomes(), own);
  assert.deepEqual(tf.memory().numTensors, numTensors);
  assert.deepEqual(tf.memory().numDataBuffers, numDataBuffers);
  assert.equal(
    (tf.backend() as unknown as { data: { numDataIds(): number } }).data.numDataIds(),
    numDataBuffers,
  );
});

Deno.test("a snapshot of what is scattered into stays as it was", () => {
  const before = tf.zeros([3, 2]), same = before.clone();
  const after = tf.tensorScatterUpdate(before, [[1]], tf.ones([1, 2]));
  assert.deepEqual([...same.dataSync(), ...after.dataSync()], [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0]);
});
