import assert from "node:assert/strict";
import { Random, RunError, tf } from "@seed/core";
import { geluTanh, hardSigmoid, hardSwish, quickGelu, relu, silu } from "../layers/activation.ts";
import { batchNormInference, batchNormParameters } from "../layers/batch_norm.ts";
import { convolve, type Padding } from "../layers/conv.ts";
import { convnext } from "../backbones/convnext.ts";
import { convNorm } from "../layers/conv_norm.ts";
import type { LoadedNetwork } from "../loaded/loaded_network.ts";
import { linear } from "../layers/linear.ts";
import { IMAGENET, normalize } from "../backbones/normalize.ts";
import { squeezeExcite } from "../layers/squeeze_excite.ts";
import { visionTransformer } from "../backbones/vision_transformer.ts";
import { onnxRuntime } from "../../tests/support/onnx_runtime.ts";
import { type Forward, networkOf } from "../../tests/support/small_network.ts";
import { USERS_NETWORKS } from "../../tests/support/users_networks.ts";
import { exportOnnx, onnxModel } from "./export_onnx.ts";
import { encodeModel } from "./onnx_model.ts";

/** Compares what tfjs and onnxruntime compute of two images. */
async function assertSame(
  network: LoadedNetwork,
  { side = 16, foldBatchNorm = true, optimized = true }: {
    side?: number;
    foldBatchNorm?: boolean;
    optimized?: boolean;
  } = {},
): Promise<void> {
  const runtime = await onnxRuntime(), random = new Random(3, "pixels"), shape = [2, side, side, 3];
  const pixels = Float32Array.from({ length: 2 * side * side * 3 }, () => random.uniform(0, 255));
  const [expected, input] = tf.tidy(() => {
    const images = tf.tensor4d(pixels, shape as [number, number, number, number]);
    const channelsFirst = tf.transpose(normalize(images, IMAGENET), [0, 3, 1, 2]);
    const { features } = network.forward(images, false);
    return [features.dataSync() as Float32Array, channelsFirst.dataSync() as Float32Array];
  });
  const { bytes } = exportOnnx(network, { outputs: "features", inputSize: side, foldBatchNorm });
  const graphOptimizationLevel = optimized ? "all" : "disabled";
  const session = await runtime.InferenceSession.create(bytes, { graphOptimizationLevel });
  const { features } = await session.run({
    images: new runtime.Tensor("float32", input, [2, 3, side, side]),
  });
  await session.release();
  assert.equal(features.data.length, expected.length);
  const size = Math.sqrt(expected.reduce((sum, value) => sum + value * value, 0) / expected.length);
  assert.ok(size > 1e-3, "the outputs are zero");
  expected.forEach((value, i) =>
    assert.ok(
      Math.abs(features.data[i] - value) < 1e-5 * size,
      `${i}: ${features.data[i]}, expected ${value}`,
    )
  );
}

Deno.test("convolutions with batch norm of every padding, stride and kernel", async () => {
  await tf.setBackend("cpu");
  for (let trial = 0; trial < 24; trial++) {
    const random = new Random(trial, "convolutions");
    const pick = <T>(...values: T[]): T => values[random.below(values.length)];
    const depthwise = random.below(2) === 0, kernel = pick(3, 5), stride = pick(1, 2), epsilon = 0.5;
    const padding: Padding = pick<Padding>("symmetric", "same", [0, 1], [2, 1]);
    const shape = { inputs: 3, outputs: depthwise ? 3 : 4, kernel, stride, depthwise, padding, epsilon };
    const shown = JSON.stringify(shape), foldBatchNorm = random.below(2) === 0;
    using network = networkOf((source) => {
      const layer = convNorm(source, {
        names: ["conv", "bn"],
        ...shape,
        activation: pick(relu, silu, hardSwish),
      });
      return (images) => layer(normalize(images, IMAGENET), { training: false });
    });
    await assertSame(network, { side: pick(15, 16), foldBatchNorm }).catch((error) => {
      throw new Error(`${shown}, folded: ${foldBatchNorm}`, { cause: error });
    });
  }
});

Deno.test("pooling, squeeze-and-excitation and a head with batch norm", async () => {
  await tf.setBackend("cpu");
  for (const foldBatchNorm of [true, false]) {
    using network = networkOf((source) => {
      const stem = convNorm(source, {
        names: ["a", "b"],
        inputs: 3,
        outputs: 8,
        kernel: 3,
        activation: relu,
      });
      const excite = squeezeExcite(source, ["se.reduce", "se.expand"], {
        channels: 8,
        reduced: 4,
        activation: relu,
        gate: hardSigmoid,
      });
      const first = linear(source, "head.0", { inputs: 8, outputs: 6 });
      const norm = batchNormParameters(source, "head.1", 6);
      return (images) => {
        const maps = stem(normalize(images, IMAGENET), { training: false });
        const padded = tf.pad(maps, [[0, 0], [1, 1], [1, 1], [0, 0]]) as tf.Tensor4D;
        const pooled = tf.mean(excite(tf.maxPool(padded, 3, 2, "valid")), [1, 2]) as tf.Tensor2D;
        return batchNormInference(first(pooled), norm, 0.5);
      };
    });
    await assertSame(network, { foldBatchNorm });
    const operators = onnxModel(network, { outputs: "features", inputSize: 16, foldBatchNorm }).nodes
      .map(({ operator }) => operator);
    const norms = foldBatchNorm ? 0 : 2;
    assert.equal(operators.filter((operator) => operator === "BatchNormalization").length, norms);
    // Nothing but what PyTorch would have: axes are not moved, padding is the windows' own.
    assert.deepEqual(
      new Set(operators.filter((operator) => operator !== "BatchNormalization")),
      new Set([
        ...["Conv", "Relu", "MaxPool", "GlobalAveragePool", "HardSigmoid", "Mul", "Flatten", "Gemm"],
      ]),
    );
  }
});

Deno.test("zeros around what may be negative stay zeros before a maximum", async () => {
  await tf.setBackend("cpu");
  using network = networkOf((source) => {
    const kernel = source.get("conv.weight", "conv", [1, 1, 3, 4], () => -1) as tf.Tensor4D;
    return (images) => {
      const maps = convolve(normalize(images, IMAGENET), kernel, { inputs: 3, outputs: 4, kernel: 1 });
      return tf.maxPool(
        tf.pad(tf.sub(maps, 9), [[0, 0], [1, 1], [1, 1], [0, 0]]) as tf.Tensor4D,
        3,
        2,
        "valid",
      );
    };
  });
  // onnxruntime 1.30 itself takes them for its own padding when it optimises.
  await assertSame(network, { optimized: false });
});

Deno.test("a vision transformer", async () => {
  await tf.setBackend("cpu");
  const interpolation = { antialias: true, offset: 0 };
  using network = networkOf((source) => {
    const size = { patch: 16, width: 24, heads: 3, grid: 3, registers: 2, layerScale: "ls" as const };
    const { features } = visionTransformer(source, { ...size, interpolation }, IMAGENET);
    return (images) => features(images, { training: false });
  });
  await assertSame(network, { side: 32 });
});

Deno.test("rotary positions, a gate, and no bias of keys", async () => {
  await tf.setBackend("cpu");
  using network = networkOf((source) => {
    const size = { patch: 16, width: 24, heads: 3, registers: 2, depth: 2, gate: "apart" as const };
    const own = { rotaryBase: 100, bias: "no keys" as const, layerScale: "gamma" as const };
    const { features } = visionTransformer(source, { ...size, ...own }, IMAGENET);
    return (images) => features(images, { training: false });
  });
  await assertSame(network, { side: 48 });
});

Deno.test("pooling by attention, and quick and approximate GELU", async () => {
  await tf.setBackend("cpu");
  for (const activation of [quickGelu, geluTanh]) {
    using network = networkOf((source) => {
      const size = { patch: 16, width: 24, heads: 3, grid: 2, depth: 1, activation };
      const own = { classToken: false, pool: "attention" as const, preNorm: true, patchBias: false };
      const interpolation = { antialias: true, offset: 0 };
      const { features } = visionTransformer(source, { ...size, ...own, interpolation }, IMAGENET);
      return (images) => features(images, { training: false });
    });
    await assertSame(network, { side: 32 });
  }
});

Deno.test("a ConvNeXt", async () => {
  await tf.setBackend("cpu");
  using network = networkOf((source) => {
    const { features } = convnext(source, { blocks: [1, 2], widths: [8, 12] });
    return (images) => features(images, { training: false });
  });
  await assertSame(network, { side: 32 });
});

for (const [what, forward] of USERS_NETWORKS) {
  Deno.test(`a network of a user's: ${what}`, async () => {
    await tf.setBackend("cpu");
    using network = networkOf(() => forward);
    for (const foldBatchNorm of [true, false]) await assertSame(network, { foldBatchNorm });
  });
}

const MISTAKES: [what: string, forward: Forward, says: RegExp][] = [
  ["an operation without a translation", (x) => tf.cumsum(normalize(x, IMAGENET), 1), /"Cumsum"/],
  ["pixels that are used as they come", (x) => tf.relu(x), /begins after `normalize` of @seed\/nn$/],
  ["whole numbers", (x) => tf.cast(normalize(x, IMAGENET), "int32"), /"Cast to int32"/],
  [
    "a part of a batch",
    (x) => tf.slice(normalize(x, IMAGENET), [0, 0, 0, 0], [1, -1, -1, -1]),
    /takes some images of a batch only$/,
  ],
];

for (const [what, forward, says] of MISTAKES) {
  Deno.test(`an error names ${what}`, async () => {
    await tf.setBackend("cpu");
    using network = networkOf(() => forward);
    const options = { outputs: "features", inputSize: 16, foldBatchNorm: true } as const;
    assert.throws(() => exportOnnx(network, options), says);
  });
}

Deno.test("weights of more than two gigabytes are refused", () => {
  const data = new Float32Array(1 << 20);
  const initializers = Array.from({ length: 513 }, (_, i) => ({ name: `${i}`, shape: [data.length], data }));
  const model = { name: "large", metadata: {}, inputs: [], outputs: [], nodes: [], initializers };
  assert.throws(() => encodeModel(model), (error: Error) => {
    assert.match(error.message, /weights have 2151677952 bytes, but an ONNX file holds 2147483647 at most/);
    return error instanceof RunError;
  });
});
