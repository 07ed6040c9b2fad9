/**
 * What is exported of a student computes what the engine computes: ONNX in onnxruntime, weights in timm and
 * torchvision.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Student, tf, type WeightsFile, writeSafetensors } from "@seed/core";
import { networkNamed, resnet as resnet18, StudentNetwork } from "@seed/nn";
import { exportOnnx, type Names, stateDict, studentNetwork, writeTorch } from "@seed/nn/host";
import convnext from "@seed/student-convnext";
import efficientnet from "@seed/student-efficientnet";
import mobilenetV3 from "@seed/student-mobilenet-v3";
import mobilenetV4 from "@seed/student-mobilenet-v4";
import resnet from "@seed/student-resnet";
import visionTransformer from "@seed/student-vision-transformer";
import { assertFingerprint, type Fingerprint } from "./golden/fingerprint.ts";
import { images } from "./golden/formula.ts";
import { testContext, testEngine } from "./support/engine.ts";
import { onnxRuntime } from "./support/onnx_runtime.ts";

const engine = await testEngine();
const context = { ...testContext, engine, embeddingDim: 8 }, head = { hidden: 16 };

/** One of each family. */
const STUDENTS: Record<string, () => Student | Promise<Student>> = {
  convnext_atto: () => convnext.create(convnext.options.parse({ variant: "atto", head }), context),
  efficientnet_b0: () => efficientnet.create(efficientnet.options.parse({ variant: "b0", head }), context),
  mobilenet_v3_large: () =>
    mobilenetV3.create(mobilenetV3.options.parse({ variant: "large", head }), context),
  mobilenet_v3_small: () =>
    mobilenetV3.create(mobilenetV3.options.parse({ variant: "small", head }), context),
  mobilenet_v4_conv_small: () =>
    mobilenetV4.create(mobilenetV4.options.parse({ variant: "small", head }), context),
  resnet18: () => resnet.create(resnet.options.parse({ depth: 18, head }), context),
  vit_tiny_16: () =>
    visionTransformer.create(visionTransformer.options.parse({ variant: "tiny_16", head }), context),
};
/** A deep head with batch norms on a narrow network with a stem for small images: no library has it. */
const OWN: Record<string, () => Student> = {
  "a student with a small stem and a deep head": () =>
    new StudentNetwork("resnet18", (source) => resnet18(source, { depth: 18, width: 1 / 8, stem: "small" }), {
      ...{ seed: 0, teacherDim: 8, head: { hidden: [16, 8], norm: "batch", projection: 12 } },
    }),
};
const SIDE = 64, NO_FILE = { tensors: new Map() } as unknown as WeightsFile;

/** A student whose running statistics are of a batch it has seen. */
async function trained(name: string): Promise<Student> {
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
function outputsOf(student: Student): { features: Float32Array; embedding: Float32Array } {
  return tf.tidy(() => {
    const { features, embedding } = student.forward(images("images", 3, SIDE), { training: false });
    return { features: features.dataSync() as Float32Array, embedding: embedding.dataSync() as Float32Array };
  });
}

/** `[3, 3, SIDE, SIDE]`, as the file wants them. */
function normalizedImages({ mean, std }: Student): Float32Array {
  return tf.tidy(() => {
    const scaled = tf.div(images("images", 3, SIDE), 255);
    const normalized = tf.div(tf.sub(scaled, tf.tensor1d([...mean])), tf.tensor1d([...std]));
    return tf.transpose(normalized, [0, 3, 1, 2]).dataSync() as Float32Array;
  });
}

/** Every value is within 1e-4 of the size that the expected ones have. */
function assertClose(what: string, actual: ArrayLike<number>, expected: Float32Array): void {
  const size = Math.sqrt(expected.reduce((sum, value) => sum + value * value, 0) / expected.length);
  expected.forEach((value, i) =>
    assert.ok(
      Math.abs(actual[i] - value) <= 1e-4 * size,
      `${what}, value ${i}: ${actual[i]}, expected ${value}`,
    )
  );
  assert.equal(actual.length, expected.length, what);
}

for (const name of Object.keys({ ...STUDENTS, ...OWN })) {
  Deno.test(`onnxruntime computes the engine's features and embeddings of ${name}`, async (t) => {
    const runtime = await onnxRuntime();
    using student = await trained(name);
    using network = studentNetwork(student, NO_FILE, SIDE);
    const expected = outputsOf(student), input = normalizedImages(student);
    for (const foldBatchNorm of [true, false]) {
      await t.step(`batch norm ${foldBatchNorm ? "folded" : "kept"}`, async () => {
        const { bytes } = exportOnnx(network, { outputs: "both", inputSize: SIDE, foldBatchNorm });
        const session = await runtime.InferenceSession.create(bytes);
        for (const batch of [1, 3]) {
          const given = input.subarray(0, batch * 3 * SIDE * SIDE);
          const images = new runtime.Tensor("float32", given, [batch, 3, SIDE, SIDE]);
          const { features, embedding } = await session.run({ images });
          assert.deepEqual(features.dims, [batch, student.featureDim]);
          assert.deepEqual(embedding.dims, [batch, 8]);
          const first = (values: Float32Array) => values.subarray(0, batch * values.length / 3);
          assertClose(`features, batch ${batch}`, features.data, first(expected.features));
          assertClose(`embeddings, batch ${batch}`, embedding.data, first(expected.embedding));
        }
        await session.release();
      });
    }
  });
}

/** Those that have a network. */
function librariesOf(network: string): Names[] {
  const isInTorchvision = networkNamed(network).layouts.some(({ library }) => library === "torchvision");
  return isInTorchvision ? ["timm", "torchvision"] : ["timm"];
}

const python = Deno.env.get("SEED_PEER_PYTHON");

for (const name of Object.keys(STUDENTS)) {
  Deno.test({
    name: `onnxruntime in Python, timm and torchvision compute the engine's features of ${name}` +
      (python ? "" : " (left out: SEED_PEER_PYTHON names no Python with onnxruntime, timm and torchvision)"),
    ignore: !python,
    async fn() {
      using student = await trained(name);
      using network = studentNetwork(student, NO_FILE, SIDE);
      const { features } = outputsOf(student), folder = await Deno.makeTempDir({ prefix: "seed-export-" });
      try {
        for (const [file, foldBatchNorm] of [["folded", true], ["kept", false]] as const) {
          const { bytes } = exportOnnx(network, { outputs: "features", inputSize: SIDE, foldBatchNorm });
          await Deno.writeFile(join(folder, `${file}.onnx`), bytes);
        }
        const libraries = librariesOf(name);
        for (const names of libraries) {
          const { arrays } = await stateDict(network, { names, head: false });
          await writeSafetensors(join(folder, `${names}.safetensors`), arrays, {});
          await writeTorch(join(folder, `${names}.pth`), arrays);
        }
        const script = join(import.meta.dirname!, "golden/run_export.py");
        const { success, stdout, stderr } = await new Deno.Command(python!, {
          args: [script, name, folder, `${SIDE}`],
        }).output();
        assert.ok(success, new TextDecoder().decode(stderr));
        const outputs: Record<string, Fingerprint> = JSON.parse(new TextDecoder().decode(stdout));
        assert.equal(Object.keys(outputs).length, 4 + 2 * libraries.length);
        for (const [file, output] of Object.entries(outputs)) {
          const batch = file.endsWith("batch 1") ? 1 : 3;
          const values = features.subarray(0, batch * student.featureDim);
          assertFingerprint(file, values, output, { tolerance: 1e-4 });
        }
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
