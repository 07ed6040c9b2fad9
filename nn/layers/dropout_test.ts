import assert from "node:assert/strict";
import { Random, tf } from "@seed/core";
import { testEngine } from "../../tests/support/engine.ts";
import { type Runner, runners } from "../../tests/support/runners.ts";
import { silu } from "./activation.ts";
import type { Backbone } from "../backbones/backbone.ts";
import { TIMM } from "./conventions.ts";
import { drop } from "./dropout.ts";
import { efficientnet } from "../backbones/efficientnet.ts";
import { type BlockShape, invertedResiduals } from "./inverted_residual.ts";
import { IMAGENET } from "../backbones/normalize.ts";
import type { ParameterSource } from "../parameters/parameters.ts";
import { StudentNetwork } from "../students/student_network.ts";
import { TrainableParameters } from "../parameters/trainable_parameters.ts";

const engine = await testEngine();

Deno.test("drop keeps the expectation, for any rate: what stays is scaled by what goes", async () => {
  const noise = tf.tensor1d(Float32Array.from({ length: 1000 }, (_, i) => (i + 0.5) / 1000)); // evenly spread
  for (let trial = 0; trial < 10; trial++) {
    const random = new Random(trial, "drop"), rate = random.uniform(0, 0.95), value = random.uniform(-3, 3);
    const y = await drop(tf.fill([1000], value), noise, rate).data<"float32">();
    const mean = y.reduce((a, b) => a + b) / 1000;
    assert.ok(Math.abs(mean / value - 1) <= 1e-3 / (1 - rate), `${mean} for ${value} at ${rate}`);
    assert.deepEqual(new Set(y.map((v) => Math.sign(v))), new Set([0, Math.sign(value)]));
  }
});

/** It adds its input. */
const block = (): BlockShape => ({
  ...{ inputs: 4, width: 8, outputs: 4, kernel: 3, stride: 1, activation: silu, excite: null },
});
const images = tf.tidy(() => tf.sin(tf.range(0, 3 * 8 * 8 * 3).reshape([3, 8, 8, 3])) as tf.Tensor4D);

for (const [how, run] of Object.entries(runners(engine))) {
  /** A trunk of equal blocks, whose values are the same for the same name. */
  const trunk = async (blocks: number, dropPath: number, training: boolean, noise?: tf.Tensor2D) => {
    using source = new TrainableParameters(0);
    const stages = [Array.from({ length: blocks }, block)];
    const { layers } = invertedResiduals(source, { stages, activation: silu, dropPath }, TIMM);
    const [maps] = await run(
      (x, noise) => {
        const mode = { training, noise: noise as tf.Tensor2D | undefined };
        return [layers.reduce((x, layer) => layer(x, mode), x as tf.Tensor4D)];
      },
      ...noise ? [images, noise] : [images],
    );
    return maps;
  };

  Deno.test(`drop-path leaves an image its block's input, or scales what the block adds, ${how}`, async () => {
    const noise = tf.tensor2d([0.1, 0.24, 0.26], [3, 1]); // of block 1 of 2, which has half of the rate of 0.5
    const input = await trunk(1, 0, true), full = await trunk(2, 0, true);
    const dropped = await trunk(2, 0.5, true, noise), perImage = input.length / 3;
    dropped.forEach((value, i) => {
      const added = full[i] - input[i], expected = i < 2 * perImage ? input[i] : input[i] + added / 0.75;
      assert.ok(Math.abs(value - expected) < 1e-5, `element ${i}: ${value}, expected ${expected}`);
    });
    assert.deepEqual(await trunk(2, 0.5, false, noise), await trunk(2, 0, false));
  });

  Deno.test(`a student drops features before its head, in training, where it is given noise, ${how}`, async () => {
    const options = { seed: 0, head: { hidden: null, dim: 2 }, teacherDim: null };
    using plain = new StudentNetwork("pixels", pixels, options);
    using student = new StudentNetwork("pixels", pixels, { ...options, dropout: 0.5 });
    assert.deepEqual([plain.noisePerImage, student.noisePerImage], [0, 3]);
    const noise = tf.tensor2d([0, 0.6, 0.4, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1], [3, 3]);
    const factors = tf.tensor4d([0, 2, 0, 2, 2, 2, 0, 0, 0], [3, 1, 1, 3]);
    const expected = await outputs(run, plain, false, images);
    assert.deepEqual(await outputs(run, student, false, images, noise), expected);
    assert.deepEqual(await outputs(run, student, true, images), expected);
    const { features } = await outputs(run, student, true, images, noise);
    assert.deepEqual(features, expected.features);
    const { embedding } = await outputs(run, student, true, images, noise);
    const masked = await outputs(run, plain, false, tf.mul(images, factors) as tf.Tensor4D);
    assert.deepEqual(embedding, masked.embedding);
  });
}

/** Features are the images' first pixels. */
const pixels = (_source: ParameterSource): Backbone => ({
  featureDim: 3,
  normalization: IMAGENET,
  features: (images) => tf.reshape(tf.slice(images, [0, 0, 0, 0], [-1, 1, 1, 3]), [images.shape[0], 3]),
});

async function outputs(
  run: Runner,
  student: StudentNetwork,
  training: boolean,
  images: tf.Tensor4D,
  noise?: tf.Tensor2D,
) {
  const [features, embedding] = await run(
    (x, noise) => {
      const output = student.forward(x as tf.Tensor4D, { training, noise: noise as tf.Tensor2D | undefined });
      return [output.features, output.embedding];
    },
    ...noise ? [images, noise] : [images],
  );
  return { features, embedding };
}

Deno.test("EfficientNet takes a random number for each block that adds its input, none without drop-path", () => {
  const source: ParameterSource = { frozen: false, parameters: [], get: () => tf.scalar(0) };
  const noiseOf = (variant: "b0" | "b1", dropPath: number) =>
    efficientnet(source, variant, IMAGENET, TIMM, dropPath).noisePerImage;
  assert.equal(noiseOf("b0", 0), 0);
  assert.equal(noiseOf("b0", 0.2), 9); // 16 blocks, 7 of them the first of their stage
  assert.equal(noiseOf("b1", 0.2), 16);
});
