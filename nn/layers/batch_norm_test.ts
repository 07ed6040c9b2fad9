import assert from "node:assert/strict";
import { Random, tf } from "@seed/core";
import { testEngine } from "../../tests/support/engine.ts";
import { runners } from "../../tests/support/runners.ts";
import { batchNormInference, type BatchNormParameters, batchNormTraining } from "./batch_norm.ts";

const close = (name: string, actual: Float32Array, expected: number[], tolerance = 2e-4) => {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => {
    const message = `${name}[${i}]: ${actual[i]}, expected ${value}`;
    assert.ok(Math.abs(actual[i] - value) <= tolerance * Math.max(1, Math.abs(value)), message);
  });
};

const draw = (random: Random, length: number, low: number, high: number) =>
  Array.from({ length }, () => Math.fround(random.uniform(low, high)));

/** One channel in float64: normalised values, statistics, and the gradients of `sum(y * dy)`. */
function naive(x: number[], dy: number[], scale: number, offset: number, epsilon: number) {
  const n = x.length, mean = x.reduce((a, b) => a + b) / n;
  const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n;
  const deviation = Math.sqrt(variance + epsilon), unit = x.map((v) => (v - mean) / deviation);
  const dOffset = dy.reduce((a, b) => a + b), dScale = dy.reduce((sum, d, i) => sum + d * unit[i], 0);
  return {
    y: unit.map((u) => u * scale + offset),
    mean,
    unbiased: variance * n / (n - 1),
    dx: dy.map((d, i) => scale / deviation * (d - dOffset / n - unit[i] * dScale / n)),
    dScale,
    dOffset,
  };
}

Deno.test("batch norm in training is PyTorch's formulas: values, running statistics, gradients", async () => {
  const engine = await testEngine();
  for (let trial = 0; trial < 6; trial++) {
    const random = new Random(trial, "batch norm");
    const shape = [
      1 + random.below(4),
      1 + random.below(6),
      2 + random.below(6),
      1 + random.below(9),
    ] as const;
    const [batch, height, width, channels] = shape, count = batch * height * width;
    const momentum = random.uniform(0.05, 1), epsilon = random.chance(0.5) ? 1e-5 : 1e-3;
    const data = draw(random, count * channels, -2, 3), dy = draw(random, count * channels, -1, 1);
    const scale = draw(random, channels, 0.5, 2), offset = draw(random, channels, -1, 1);
    const startMean = draw(random, channels, -1, 1), startVariance = draw(random, channels, 0.5, 2);
    const ofChannel = (values: number[], c: number) => values.filter((_, i) => i % channels === c);
    const expected = Array.from(
      scale,
      (_, c) => naive(ofChannel(data, c), ofChannel(dy, c), scale[c], offset[c], epsilon),
    );
    for (const [how, run] of Object.entries(runners(engine))) {
      const [scaleVariable, offsetVariable, runningMean, runningVariance] = [
        [scale, true] as const,
        [offset, true] as const,
        [startMean, false] as const,
        [startVariance, false] as const,
      ].map(([values, trainable]) => tf.variable(tf.tensor1d(values), trainable));
      const p = { scale: scaleVariable, offset: offsetVariable, runningMean, runningVariance };
      const x = tf.tensor4d(data, [...shape]), upstream = tf.tensor4d(dy, [...shape]);
      const [y, dx, dScale, dOffset] = await run(
        (x, dy) => {
          let y!: tf.Tensor;
          const loss = (...args: tf.Tensor[]) => {
            const [x, scale, offset] = args;
            y = tf.keep(batchNormTraining(
              x as tf.Tensor4D,
              { ...p, scale, offset } as unknown as BatchNormParameters,
              { channels, epsilon, momentum },
            ));
            return tf.sum(tf.mul(y, dy)) as tf.Scalar;
          };
          const gradients = tf.grads(loss)([x, scaleVariable, offsetVariable]);
          return [y, ...gradients];
        },
        x,
        upstream,
      );
      const name = `trial ${trial} [${shape}], ${how}: `;
      expected.forEach((e, c) => {
        const of = (values: Float32Array) => values.filter((_, i) => i % channels === c);
        close(`${name}y`, of(y), e.y);
        close(`${name}dx`, of(dx), e.dx);
      });
      close(`${name}dScale`, dScale, expected.map((e) => e.dScale));
      close(`${name}dOffset`, dOffset, expected.map((e) => e.dOffset));
      const moved = (start: number[], statistic: (c: number) => number) =>
        start.map((value, c) => (1 - momentum) * value + momentum * statistic(c));
      const values = async (v: tf.Variable) => await v.data() as Float32Array;
      close(`${name}running mean`, await values(runningMean), moved(startMean, (c) => expected[c].mean));
      const unbiased = moved(startVariance, (c) => expected[c].unbiased);
      close(`${name}running variance`, await values(runningVariance), unbiased);
      tf.dispose([x, upstream, ...Object.values(p)]);
    }
  }
});

Deno.test("batch norm in training is refused a single value per channel, and takes two", async () => {
  const engine = await testEngine();
  const p = Object.fromEntries(
    ["scale", "offset", "runningMean", "runningVariance"].map((name) => [name, tf.variable(tf.ones([3]))]),
  );
  const train = (x: tf.Tensor) => [
    batchNormTraining(x as tf.Tensor4D, p as unknown as BatchNormParameters, { channels: 3 }),
  ];
  for (const [how, run] of Object.entries(runners(engine))) {
    const one = tf.ones([1, 1, 1, 3]), two = [tf.ones([2, 1, 1, 3]), tf.ones([1, 1, 2, 3])];
    await assert.rejects(async () => await run(train, one), {
      name: "RunError",
      message: /sees one value per channel.* train\.accumulate or train\.bn_splits, or raise batch_size$/,
    }, how);
    for (const x of two) assert.deepEqual((await run(train, x))[0].length, 6, how);
    tf.dispose([one, ...two]);
  }
  tf.dispose(p);
});

Deno.test("batch norm in evaluation normalises by the running statistics and leaves them", async () => {
  const engine = await testEngine();
  const random = new Random(0, "evaluation"), shape = [2, 3, 4, 5] as [number, number, number, number];
  const data = draw(random, 120, -2, 3);
  const [scale, offset, mean, variance] = [[0.5, 2], [-1, 1], [-1, 1], [0.5, 2]].map(([a, b]) =>
    draw(random, 5, a, b)
  );
  const p = {
    ...{ scale: tf.tensor1d(scale), offset: tf.tensor1d(offset) },
    ...{ runningMean: tf.tensor1d(mean), runningVariance: tf.tensor1d(variance) },
  };
  const x = tf.tensor4d(data, shape);
  const expected = data.map((value, i) => {
    const c = i % 5;
    return (value - mean[c]) / Math.sqrt(variance[c] + 1e-3) * scale[c] + offset[c];
  });
  for (const [how, run] of Object.entries(runners(engine))) {
    const [y] = await run((x) => [batchNormInference(x as tf.Tensor4D, p, 1e-3)], x);
    close(how, y, expected, 1e-5);
  }
  tf.dispose([x, ...Object.values(p)]);
});
