import assert from "node:assert/strict";
import { product } from "../interfaces/fused.ts";
import type { Engine } from "../interfaces/engine.ts";
import {
  BATCH_NORM_GRADIENT_KERNEL,
  BATCH_NORM_INFERENCE_KERNEL,
  BATCH_NORM_KERNEL,
  BIAS_ADD_KERNEL,
  convolvesGroups,
  FUSED_KERNEL,
  hasKernel,
  LAYER_NORM_KERNEL,
  NORMALIZE_KERNEL,
  padsExplicitly,
  PRODUCT_KERNEL,
} from "../interfaces/kernels.ts";
import { tf } from "../tf.ts";
import { assertClose } from "./numbers.ts";
import { ignoreStep, type Steps } from "./steps.ts";

type Body = (...inputs: tf.Tensor[]) => tf.Tensor[];

/** What an optional kernel computes, and the plain operations that it stands for. */
interface Comparison {
  /** Shapes of what both are given. */
  inputs: readonly (readonly number[])[];
  kernel: Body;
  reference: Body;
}

const EPSILON = 1e-3, MAP = [3, 5, 4, 6], CHANNELS = [6];

const run = (name: string, inputs: tf.NamedTensorMap, attributes: object = {}): tf.Tensor[] =>
  [tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap)].flat() as tf.Tensor[];

function normalized(x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor): tf.Tensor {
  return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, EPSILON)));
}

function batchNorm(x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  return tf.add(tf.mul(normalized(x, mean, variance), scale), offset);
}

/** Two results, of which one is a sum; `b` is spread over `a`. A constant of the module, as bodies are to be. */
function fusedBody(a: tf.Tensor, b: tf.Tensor): tf.Tensor[] {
  const gated = tf.mul(tf.sigmoid(a), tf.add(a, b));
  return [gated, tf.sum(tf.mul(gated, a), [0, 1, 2])];
}

/** Of what is plain in two axes and in three, in each way to turn the factors about. */
const products = (multiply: typeof product): Body => (a, b) =>
  [false, true].flatMap((transposeA) =>
    [false, true].flatMap((transposeB) => {
      const turn = (x: tf.Tensor, turned: boolean) => turned ? tf.transpose(x, [0, 2, 1]) : x;
      const stacks = [turn(a, transposeA), turn(b, transposeB)] as tf.Tensor3D[];
      const first = stacks.map((stack) => tf.squeeze(tf.slice(stack, 0, 1), [0]) as tf.Tensor2D);
      return [
        multiply(stacks[0], stacks[1], transposeA, transposeB),
        multiply(first[0], first[1], transposeA, transposeB),
      ];
    })
  );

/** By the name of the kernel. */
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  [FUSED_KERNEL]: {
    inputs: [MAP, CHANNELS],
    kernel: (a, b) => run(FUSED_KERNEL, { 0: a, 1: b }, { body: fusedBody }),
    reference: fusedBody,
  },
  [PRODUCT_KERNEL]: {
    inputs: [[2, 3, 4], [2, 4, 5]],
    kernel: products(product),
    reference: products(tf.matMul),
  },
  [BATCH_NORM_KERNEL]: {
    inputs: [MAP, CHANNELS, CHANNELS],
    kernel: (x, scale, offset) =>
      run(BATCH_NORM_KERNEL, { x, scale, offset }, { epsilon: EPSILON }).slice(0, 3),
    reference(x, scale, offset) {
      const { mean, variance } = tf.moments(x, [0, 1, 2]), count = x.size / x.shape.at(-1)!;
      return [batchNorm(x, scale, offset), mean, tf.mul(variance, count / (count - 1))];
    },
  },
  [BATCH_NORM_GRADIENT_KERNEL]: {
    inputs: [MAP, CHANNELS, CHANNELS, MAP],
    kernel(x, scale, offset, dy) {
      const outputs = run(BATCH_NORM_KERNEL, { x, scale, offset }, { epsilon: EPSILON });
      const [reserve1, reserve2, reserve3] = outputs.slice(3);
      return run(BATCH_NORM_GRADIENT_KERNEL, { dy, x, scale, reserve1, reserve2, reserve3 }, {
        epsilon: EPSILON,
      });
    },
    reference: (x, scale, offset, dy) => tf.grads(batchNorm)([x, scale, offset], dy),
  },
  [BIAS_ADD_KERNEL]: {
    inputs: [MAP, CHANNELS],
    kernel: (x, bias) => run(BIAS_ADD_KERNEL, { x, bias }),
    reference: (x, bias) => [tf.add(x, bias)],
  },
  [BATCH_NORM_INFERENCE_KERNEL]: {
    inputs: [MAP, CHANNELS, CHANNELS, CHANNELS, CHANNELS],
    kernel: (x, scale, offset, runningMean, root) =>
      run(BATCH_NORM_INFERENCE_KERNEL, { x, scale, offset, runningMean, runningVariance: tf.square(root) }, {
        epsilon: EPSILON,
      }),
    reference: (x, scale, offset, mean, root) => [
      tf.add(tf.mul(normalized(x, mean, tf.square(root)), scale), offset),
    ],
  },
};

/** What only a backend that records networks has: an engine's would compute something else, or have no gradient. */
const OF_RECORDERS = [LAYER_NORM_KERNEL, NORMALIZE_KERNEL];

/** Padding, kernel and stride of depthwise convolutions; PyTorch's padding where the stride is 2 is among them. */
const PADDED = [
  { before: 1, after: 1, kernel: 3, stride: 2 },
  { before: 2, after: 2, kernel: 5, stride: 2 },
  { before: 0, after: 1, kernel: 3, stride: 1 },
];

function paddedComparison({ before, after, kernel, stride }: typeof PADDED[number]): Comparison {
  const sides: [number, number][] = [[0, 0], [before, after], [before, after], [0, 0]];
  type Pad = Parameters<typeof tf.depthwiseConv2d>[3];
  const explicit = (x: tf.Tensor, filter: tf.Tensor) =>
    tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, sides as Pad);
  const copied = (x: tf.Tensor, filter: tf.Tensor) =>
    tf.depthwiseConv2d(tf.pad(x, sides) as tf.Tensor4D, filter as tf.Tensor4D, stride, "valid");
  const withGradients = (convolve: typeof explicit): Body => (x, filter) => {
    const loss = (x: tf.Tensor, filter: tf.Tensor) => tf.sum(tf.square(convolve(x, filter)));
    return [convolve(x, filter), ...tf.grads(loss)([x, filter])];
  };
  return {
    inputs: [[2, 8, 8, 3], [kernel, kernel, 3, 1]],
    kernel: withGradients(explicit),
    reference: withGradients(copied),
  };
}

/** Kernel, stride and padding of convolutions in groups; a single tap is a matrix product only without groups. */
const GROUPED = [
  { size: 3, stride: 1, pad: "same" },
  { size: 3, stride: 2, pad: "valid" },
  { size: 1, stride: 1, pad: "same" },
] as const;

/** Of three groups, of two channels each to four, against a convolution of each group. */
function groupedComparison({ size, stride, pad }: typeof GROUPED[number]): Comparison {
  const attributes = { strides: stride, pad, dilations: 1, dataFormat: "NHWC" };
  const kernel: Body = (x, filter) => {
    const [y] = run("Conv2D", { x, filter }, attributes), dy = tf.mul(y, 2);
    const back = (name: string, inputs: tf.NamedTensorMap, shapes: object) =>
      run(`Conv2DBackprop${name}`, inputs, { ...attributes, ...shapes });
    return [
      y,
      ...back("Input", { dy, filter }, { inputShape: x.shape }),
      ...back("Filter", { x, dy }, { filterShape: filter.shape }),
    ];
  };
  const apart = (x: tf.Tensor, filter: tf.Tensor) => {
    const filters = tf.split<tf.Tensor4D>(filter as tf.Tensor4D, 3, 3);
    const maps = tf.split<tf.Tensor4D>(x as tf.Tensor4D, 3, 3);
    return tf.concat(maps.map((map, i) => tf.conv2d(map, filters[i], stride, pad)), 3);
  };
  return {
    inputs: [[2, 8, 8, 6], [size, size, 2, 12]],
    kernel,
    reference(x, filter) {
      const loss = (x: tf.Tensor, filter: tf.Tensor) => tf.sum(tf.square(apart(x, filter)));
      return [apart(x, filter), ...tf.grads(loss)([x, filter])];
    },
  };
}

/** Compares the optional kernels that an engine registers with what they stand for, at once and traced. */
export async function checkKernels(t: Steps, engine: Engine): Promise<void> {
  for (const [name, comparison] of Object.entries(COMPARISONS)) {
    const what = `computes by ${name} what it stands for`;
    if (hasKernel(name)) await t.step(what, () => compare(engine, name, comparison));
    else await ignoreStep(t, what, "the engine does not register it");
  }
  const padding = "convolves with explicit padding as with a padded copy";
  if (padsExplicitly()) {
    await t.step(padding, async () => {
      for (const at of PADDED) await compare(engine, JSON.stringify(at), paddedComparison(at));
    });
  } else await ignoreStep(t, padding, "the engine does not declare it");
  const groups = "convolves in groups as each group alone";
  if (convolvesGroups()) {
    await t.step(groups, async () => {
      for (const at of GROUPED) await compare(engine, JSON.stringify(at), groupedComparison(at));
    });
  } else await ignoreStep(t, groups, "the engine does not declare it");
  await t.step("registers kernels that belong together, and none that are for recording alone", () => {
    assert.equal(
      hasKernel(BATCH_NORM_KERNEL),
      hasKernel(BATCH_NORM_GRADIENT_KERNEL),
      `one of ${BATCH_NORM_KERNEL} and ${BATCH_NORM_GRADIENT_KERNEL} is missing`,
    );
    for (const name of OF_RECORDERS) assert.ok(!hasKernel(name), `${name} is not for engines`);
  });
}

async function compare(
  engine: Engine,
  name: string,
  { inputs, kernel, reference }: Comparison,
): Promise<void> {
  const tensors = inputs.map((shape, i) => tf.randomUniform([...shape], -2, 2, "float32", i + 1));
  using traced = engine.trace(kernel, { name });
  const expected = tf.tidy(() => reference(...tensors));
  const ways = { "at once": tf.tidy(() => kernel(...tensors)), traced: await traced.call(...tensors) };
  for (const [way, actual] of Object.entries(ways)) {
    assert.equal(actual.length, expected.length, `${name}, ${way}: outputs`);
    for (const [i, output] of actual.entries()) {
      assert.deepEqual(output.shape, expected[i].shape, `${name}, ${way}: shape of output ${i}`);
      const right = await expected[i].data(), largest = Math.max(1, ...Array.from(right, Math.abs));
      assertClose(await output.data(), right, 1e-5 * largest, `${name}, ${way}, output ${i}`);
    }
    tf.dispose(actual);
  }
  tf.dispose([...tensors, ...expected]);
}
