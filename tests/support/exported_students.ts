/**
 * Students whose exported files are compared with what the engine computes of them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Student, tf, type WeightsFile } from "@seed/core";
import { resnet as resnet18, StudentNetwork } from "@seed/nn";
import convnext from "@seed/student-convnext";
import efficientnet from "@seed/student-efficientnet";
import mobilenetV3 from "@seed/student-mobilenet-v3";
import mobilenetV4 from "@seed/student-mobilenet-v4";
import regnet from "@seed/student-regnet";
import resnet from "@seed/student-resnet";
import visionTransformer from "@seed/student-vision-transformer";
import { images } from "../golden/formula.ts";
import { testContext, testEngine } from "./engine.ts";

const engine = await testEngine();
const context = { ...testContext, engine, embeddingDim: 8 }, head = { hidden: 16 };

/** One of each family. */
export const STUDENTS: Record<string, () => Student | Promise<Student>> = {
  convnext_atto: () => convnext.create(convnext.options.parse({ variant: "atto", head }), context),
  efficientnet_b0: () => efficientnet.create(efficientnet.options.parse({ variant: "b0", head }), context),
  mobilenet_v3_large: () =>
    mobilenetV3.create(mobilenetV3.options.parse({ variant: "large", head }), context),
  mobilenet_v3_small: () =>
    mobilenetV3.create(mobilenetV3.options.parse({ variant: "small", head }), context),
  mobilenet_v4_conv_small: () =>
    mobilenetV4.create(mobilenetV4.options.parse({ variant: "small", head }), context),
  regnet_y_400mf: () => regnet.create(regnet.options.parse({ variant: "y_400mf", head }), context),
  resnet18: () => resnet.create(resnet.options.parse({ depth: 18, head }), context),
  vit_tiny_16: () =>
    visionTransformer.create(visionTransformer.options.parse({ variant: "tiny_16", head }), context),
};
/** A deep head with batch norms on a narrow network with a stem for small images: no library has it. */
export const OWN: Record<string, () => Student> = {
  "a student with a small stem and a deep head": () =>
    new StudentNetwork("resnet18", (source) => resnet18(source, { depth: 18, width: 1 / 8, stem: "small" }), {
      ...{ seed: 0, teacherDim: 8, head: { hidden: [16, 8], norm: "batch", projection: 12 } },
    }),
};
export const SIDE = 64, NO_FILE = { tensors: new Map() } as unknown as WeightsFile;

/** A student whose running statistics are of a batch it has seen. */
export async function trained(name: string): Promise<Student> {
  const student = await { ...STUDENTS, ...OWN }[name]();
  tf.tidy(() =>
    void student.forward(images("first batch", 8, SIDE), { training: true, noise: noiseFor(student, 8) })
  );
  return student;
}

function noiseFor({ noisePerImage }: Student, batch: number): tf.Tensor2D | undefined {
  return noisePerImage ? tf.fill([batch, noisePerImage], 0.5) as tf.Tensor2D : undefined;
}

/** Features and embeddings of three images, by the engine. */
export function outputsOf(student: Student): { features: Float32Array; embedding: Float32Array } {
  return tf.tidy(() => {
    const { features, embedding } = student.forward(images("images", 3, SIDE), { training: false });
    return { features: features.dataSync() as Float32Array, embedding: embedding.dataSync() as Float32Array };
  });
}

/**
 * Three images as an exported file wants them, row-major.
 *
 * @param perm Its order of `[batch, height, width, channels]`.
 */
export function normalizedImages({ mean, std }: Student, perm: number[]): Float32Array {
  return tf.tidy(() => {
    const scaled = tf.div(images("images", 3, SIDE), 255);
    const normalized = tf.div(tf.sub(scaled, tf.tensor1d([...mean])), tf.tensor1d([...std]));
    return tf.transpose(normalized, perm).dataSync() as Float32Array;
  });
}

/** Every value is within `tolerance` of the size that the expected ones have. */
export function assertClose(
  what: string,
  actual: ArrayLike<number>,
  expected: Float32Array,
  tolerance = 1e-4,
): void {
  const size = Math.sqrt(expected.reduce((sum, value) => sum + value * value, 0) / expected.length);
  expected.forEach((value, i) =>
    assert.ok(
      Math.abs(actual[i] - value) <= tolerance * size,
      `${what}, value ${i}: ${actual[i]}, expected ${value}`,
    )
  );
  assert.equal(actual.length, expected.length, what);
}
