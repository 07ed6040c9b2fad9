/**
 * What is exported of a student computes what the engine computes: ONNX in onnxruntime, weights in timm and
 * torchvision.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { writeSafetensors } from "@seed/core";
import { networkNamed } from "@seed/nn";
import { exportOnnx, type Names, stateDict, studentNetwork, writeTorch } from "@seed/nn/host";
import { assertFingerprint, type Fingerprint } from "./golden/fingerprint.ts";
import {
  assertClose,
  NO_FILE,
  normalizedImages,
  outputsOf,
  OWN,
  SIDE,
  STUDENTS,
  trained,
} from "./support/exported_students.ts";
import { onnxRuntime } from "./support/onnx_runtime.ts";

for (const name of Object.keys({ ...STUDENTS, ...OWN })) {
  Deno.test(`onnxruntime computes the engine's features and embeddings of ${name}`, async (t) => {
    const runtime = await onnxRuntime();
    using student = await trained(name);
    using network = studentNetwork(student, NO_FILE, SIDE);
    const expected = outputsOf(student), input = normalizedImages(student, [0, 3, 1, 2]);
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
