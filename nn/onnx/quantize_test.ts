import assert from "node:assert/strict";
import { Random, tf } from "@seed/core";
import { onnxRuntime } from "../../tests/support/onnx_runtime.ts";
import { networkOf } from "../../tests/support/small_network.ts";
import { IMAGENET, normalize } from "../backbones/normalize.ts";
import { relu, silu } from "../layers/activation.ts";
import { convNorm } from "../layers/conv_norm.ts";
import { linear } from "../layers/linear.ts";
import { halfPrecision } from "./half_precision.ts";
import { HUB_INPUT, HUB_OUTPUTS, hubModel } from "./hub_model.ts";
import { encodeModel, type OnnxModel } from "./onnx_model.ts";
import { quantize, quantizedValues, type Range, withOutputs } from "./quantize.ts";

const SIDE = 16;

/** Convolutions of every kind, and a matrix product at the end. */
function smallModel(): OnnxModel {
  using network = networkOf((source) => {
    const first = convNorm(source, { names: ["a", "b"], inputs: 3, outputs: 8, kernel: 3, activation: relu });
    const second = {
      names: ["c", "d"],
      inputs: 8,
      outputs: 8,
      kernel: 3,
      depthwise: true,
      activation: silu,
    } as const;
    const depthwise = convNorm(source, second), last = linear(source, "e", { inputs: 8, outputs: 12 });
    return (images) => {
      const maps = first(normalize(images, IMAGENET), { training: false });
      const sum = tf.add(maps, depthwise(maps, { training: false }));
      return last(tf.mean(sum, [1, 2]) as tf.Tensor2D);
    };
  });
  return hubModel(network, SIDE);
}

/** Outputs of two images. */
async function run(model: OnnxModel): Promise<Record<string, Float32Array>> {
  const runtime = await onnxRuntime(), random = new Random(3, "pixels");
  const pixels = Float32Array.from({ length: 2 * 3 * SIDE * SIDE }, () => random.uniform(-2, 2));
  const session = await runtime.InferenceSession.create(encodeModel(model));
  const images = new runtime.Tensor("float32", pixels, [2, 3, SIDE, SIDE]);
  const outputs = await session.run({ [HUB_INPUT]: images });
  await session.release();
  const values = Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]);
  return { ...Object.fromEntries(values), [HUB_INPUT]: pixels };
}

/** Root of the mean square of the difference, as a share of the expected values' size. */
function distance(actual: Float32Array, expected: Float32Array): number {
  const squares = (of: (i: number) => number) => expected.reduce((sum, _, i) => sum + of(i) ** 2, 0);
  return Math.sqrt(squares((i) => actual[i] - expected[i]) / squares((i) => expected[i]));
}

Deno.test("float16 has half of the bytes, the same inputs and outputs, and nearly the same values", async () => {
  await tf.setBackend("cpu");
  const model = smallModel(), half = halfPrecision(model);
  assert.deepEqual([half.inputs, half.outputs], [model.inputs, model.outputs]);
  const floats = half.initializers.filter(({ data }) => data instanceof Float32Array);
  assert.deepEqual(floats, [], "a constant is left in float32");
  const [whole, found] = [await run(model), await run(half)], [plain, pooled] = HUB_OUTPUTS;
  const off = distance(found[plain], whole[plain]);
  assert.ok(off > 0 && off < 2e-3, `off by ${off}`);
  assert.deepEqual(found[pooled], found[plain]);
});

Deno.test("float16 refuses a weight that it cannot hold", () => {
  const constant = { name: "w", shape: [2], data: Float32Array.of(1, -70000) };
  const model = { name: "", metadata: {}, inputs: [], outputs: [], nodes: [], initializers: [constant] };
  assert.throws(
    () => halfPrecision(model),
    /^RunError: The tensor "w" has the value -70000, but float16 ends at/,
  );
});

Deno.test("weights become whole numbers of 8 bits, each at most half a step away, and nothing else", async () => {
  await tf.setBackend("cpu");
  const model = smallModel(), small = quantize(model, null);
  const dequantized = small.nodes.filter(({ operator }) => operator === "DequantizeLinear");
  assert.equal(dequantized.length, 3);
  assert.ok(!small.nodes.some(({ operator }) => operator === "QuantizeLinear"));
  const dataOf = ({ initializers }: OnnxModel, name: string) =>
    initializers.find((one) => one.name === name)!.data;
  for (const { inputs: [whole, scale], output } of dequantized) {
    const user = small.nodes.find(({ inputs }) => inputs.includes(output))!;
    const before = model.nodes.find((node) => node.output === user.output)!;
    const expected = dataOf(model, before.inputs[1]) as Float32Array,
      steps = dataOf(small, whole) as Uint8Array;
    const scales = dataOf(small, scale) as Float32Array, each = expected.length / scales.length;
    expected.forEach((value, i) => {
      const step = scales[Math.floor(i / each)];
      assert.ok(Math.abs((steps[i] - 128) * step - value) <= 0.5001 * step, `${output}, ${i}`);
    });
    for (let i = 0; i < scales.length; i++) {
      const farthest = Math.max(
        ...steps.subarray(i * each, (i + 1) * each).map((value) => Math.abs(value - 128)),
      );
      assert.equal(farthest, 127, `${output}, channel ${i} does not use its range`);
    }
  }
  const off = distance((await run(small))[HUB_OUTPUTS[0]], (await run(model))[HUB_OUTPUTS[0]]);
  assert.ok(off > 0 && off < 0.02, `off by ${off}`);
});

Deno.test("with ranges, what goes in and out of products is 8-bit too, and a range that is too small shows", async () => {
  await tf.setBackend("cpu");
  const model = smallModel(), names = quantizedValues(model), whole = await run(withOutputs(model, names));
  assert.ok(names.includes(HUB_INPUT) && names.length === 4, `${names}`);
  const ranges = new Map<string, Range>(
    names.map((name) => [name, { min: Math.min(...whole[name]), max: Math.max(...whole[name]) }]),
  );
  const found = (await run(quantize(model, ranges)))[HUB_OUTPUTS[0]], expected = whole[HUB_OUTPUTS[0]];
  const off = distance(found, expected);
  assert.ok(off > 0 && off < 0.05, `off by ${off}`);
  const clipped = new Map(ranges).set(HUB_INPUT, { min: -0.5, max: 0.5 });
  const wrong = distance((await run(quantize(model, clipped)))[HUB_OUTPUTS[0]], expected);
  assert.ok(wrong > 3 * off, `${wrong} is no more than ${off}: the range is not used`);
});

Deno.test("a channel whose weights are all zero keeps its bias", async () => {
  await tf.setBackend("cpu");
  const model = smallModel(),
    { inputs: [value, weight, bias] } = model.nodes.find(({ operator }) => operator === "Gemm")!;
  const dataOf = (name: string) => model.initializers.find((one) => one.name === name)!.data as Float32Array;
  dataOf(weight).fill(0, 0, 8);
  dataOf(bias)[0] = 0.3;
  const names = quantizedValues(model);
  const ranges = new Map<string, Range>(names.map((name) => [name, { min: 0, max: 200 }]));
  assert.ok(ranges.has(value));
  const found = (await run(quantize(model, ranges)))[HUB_OUTPUTS[0]];
  for (const row of [0, 12]) assert.ok(Math.abs(found[row] - 0.3) < 0.003, `${found[row]}`);
});
