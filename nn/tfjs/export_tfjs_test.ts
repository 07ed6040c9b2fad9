import assert from "node:assert/strict";
import { Random, tf } from "@seed/core";
import { asHandler } from "../../tests/support/graph_model_handler.ts";
import { type Forward, networkOf } from "../../tests/support/small_network.ts";
import { USERS_NETWORKS } from "../../tests/support/users_networks.ts";
import { convnext } from "../backbones/convnext.ts";
import { IMAGENET, normalize } from "../backbones/normalize.ts";
import { visionTransformer } from "../backbones/vision_transformer.ts";
import { hardSigmoid, hardSwish, relu, relu6, silu } from "../layers/activation.ts";
import { batchNormInference, batchNormParameters } from "../layers/batch_norm.ts";
import type { Padding } from "../layers/conv.ts";
import { convNorm } from "../layers/conv_norm.ts";
import { linear } from "../layers/linear.ts";
import { squeezeExcite } from "../layers/squeeze_excite.ts";
import type { LoadedNetwork } from "../loaded/loaded_network.ts";
import { graphModel } from "./export_tfjs.ts";
import { encodeGraphModel, type GraphModel } from "./graph_model.ts";

const FEATURES = { outputs: "features" } as const, PRODUCER = { producer: "test", dtype: "fp32" } as const;

/** Compares what the network and its graph model compute of one image and of two. */
async function assertSame(network: LoadedNetwork, side = 16): Promise<GraphModel> {
  const random = new Random(3, "pixels"), model = graphModel(network, { ...FEATURES, inputSize: side });
  const loaded = await tf.loadGraphModel(asHandler(encodeGraphModel(model, PRODUCER)));
  for (const batch of [1, 2]) {
    const pixels = Float32Array.from({ length: batch * side * side * 3 }, () => random.uniform(0, 255));
    const [expected, actual] = tf.tidy(() => {
      const images = tf.tensor4d(pixels, [batch, side, side, 3]);
      const { features } = network.forward(images, false);
      return [features, loaded.predict(normalize(images, IMAGENET)) as tf.Tensor].map((of) =>
        of.dataSync() as Float32Array
      );
    });
    assert.equal(actual.length, expected.length);
    const size = Math.sqrt(expected.reduce((sum, value) => sum + value * value, 0) / expected.length);
    assert.ok(size > 1e-3, "the outputs are zero");
    expected.forEach((value, i) =>
      assert.ok(Math.abs(actual[i] - value) < 1e-5 * size, `${i}: ${actual[i]}, expected ${value}`)
    );
  }
  loaded.dispose();
  return model;
}

Deno.test("graph models of convolutions with batch norm of every padding, stride and kernel", async () => {
  await tf.setBackend("cpu");
  for (let trial = 0; trial < 24; trial++) {
    const random = new Random(trial, "convolutions");
    const pick = <T>(...values: T[]): T => values[random.below(values.length)];
    const depthwise = random.below(2) === 0, kernel = pick(3, 5), stride = pick(1, 2), epsilon = 0.5;
    const padding: Padding = pick<Padding>("symmetric", "same", [0, 1], [2, 1]);
    const shape = { inputs: 3, outputs: depthwise ? 3 : 4, kernel, stride, depthwise, padding, epsilon };
    using network = networkOf((source) => {
      const activation = pick(relu, relu6, silu, hardSwish);
      const layer = convNorm(source, { names: ["conv", "bn"], ...shape, activation });
      return (images) => layer(normalize(images, IMAGENET), { training: false });
    });
    const model = await assertSame(network, pick(15, 16)).catch((error) => {
      throw new Error(JSON.stringify(shape), { cause: error });
    });
    const convolutions = model.nodes.filter(({ op }) =>
      op === "_FusedConv2D" || op === "FusedDepthwiseConv2dNative"
    );
    assert.equal(convolutions.length, 1, "batch norm and bias are part of the convolution");
  }
});

Deno.test("a graph model of pooling, squeeze-and-excitation and a head with batch norm", async () => {
  await tf.setBackend("cpu");
  using network = networkOf((source) => {
    const stem = convNorm(source, { names: ["a", "b"], inputs: 3, outputs: 8, kernel: 3, activation: relu });
    const shape = { channels: 8, reduced: 4, activation: relu, gate: hardSigmoid };
    const excite = squeezeExcite(source, ["se.reduce", "se.expand"], shape);
    const first = linear(source, "head.0", { inputs: 8, outputs: 6 });
    const [norm, alone] = ["head.1", "head.2"].map((name) => batchNormParameters(source, name, 6));
    return (images) => {
      const maps = stem(normalize(images, IMAGENET), { training: false });
      const padded = tf.pad(maps, [[0, 0], [1, 1], [1, 1], [0, 0]]) as tf.Tensor4D;
      const pooled = tf.mean(excite(tf.maxPool(padded, 3, 2, "valid")), [1, 2]) as tf.Tensor2D;
      return batchNormInference(tf.relu(batchNormInference(first(pooled), norm, 0.5)), alone, 0.1);
    };
  });
  await assertSame(network);
});

Deno.test("a graph model of a vision transformer", async () => {
  await tf.setBackend("cpu");
  const interpolation = { antialias: true, offset: 0 };
  using network = networkOf((source) => {
    const size = { patch: 16, width: 24, heads: 3, grid: 3, registers: 2, layerScale: "ls" as const };
    const { features } = visionTransformer(source, { ...size, interpolation }, IMAGENET);
    return (images) => features(images, { training: false });
  });
  await assertSame(network, 32);
});

Deno.test("a graph model of rotary positions, a gate, and no bias of keys", async () => {
  await tf.setBackend("cpu");
  using network = networkOf((source) => {
    const size = { patch: 16, width: 24, heads: 3, registers: 2, depth: 2, gate: "apart" as const };
    const own = { rotaryBase: 100, bias: "no keys" as const, layerScale: "gamma" as const };
    const { features } = visionTransformer(source, { ...size, ...own }, IMAGENET);
    return (images) => features(images, { training: false });
  });
  await assertSame(network, 48);
});

Deno.test("a graph model of a ConvNeXt", async () => {
  await tf.setBackend("cpu");
  using network = networkOf((source) => {
    const { features } = convnext(source, { blocks: [1, 2], widths: [8, 12] });
    return (images) => features(images, { training: false });
  });
  await assertSame(network, 32);
});

for (const [what, forward] of USERS_NETWORKS) {
  Deno.test(`a graph model of a user's network: ${what}`, async () => {
    await tf.setBackend("cpu");
    using network = networkOf(() => forward);
    await assertSame(network);
  });
}

const MISTAKES: [what: string, forward: Forward, says: RegExp][] = [
  [
    "an operation without a translation",
    (x) => tf.cumsum(normalize(x, IMAGENET), 1),
    /Cannot export the operation "Cumsum"/,
  ],
  ["pixels that are used as they come", (x) => tf.relu(x), /begins after `normalize` of @seed\/nn$/],
  ["whole numbers", (x) => tf.cast(normalize(x, IMAGENET), "int32"), /"Cast to int32"/],
  [
    "a part of a batch",
    (x) => tf.slice(normalize(x, IMAGENET), [0, 0, 0, 0], [1, -1, -1, -1]),
    /takes some images of a batch only$/,
  ],
];

for (const [what, forward, says] of MISTAKES) {
  Deno.test(`an error names ${what} in a graph model`, async () => {
    await tf.setBackend("cpu");
    using network = networkOf(() => forward);
    assert.throws(() => graphModel(network, { ...FEATURES, inputSize: 16 }), says);
  });
}

Deno.test("weights go into shards of four megabytes, and float16 refuses what it cannot hold", () => {
  const model = (data: Float32Array) => ({
    ...{ inputs: [], outputs: [], nodes: [], metadata: {} },
    weights: [{ name: "w", shape: [data.length], data }],
  });
  const large = Float32Array.from({ length: 2 ** 20 + 3 }, (_, i) => i % 1000);
  const files = encodeGraphModel(model(large), PRODUCER);
  const sizes = [...files].map(([name, { length }]) => [name, length]).slice(1);
  assert.deepEqual(sizes, [["group1-shard1of2.bin", 2 ** 22], ["group1-shard2of2.bin", 12]]);
  assert.deepEqual(
    new Float32Array(files.get("group1-shard2of2.bin")!.buffer),
    large.subarray(2 ** 20),
  );
  assert.throws(
    () => encodeGraphModel(model(Float32Array.of(1, 70000)), { ...PRODUCER, dtype: "fp16" }),
    /^RunError: The tensor "w" has a value beyond 65504/,
  );
});
