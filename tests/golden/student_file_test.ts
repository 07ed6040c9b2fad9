import assert from "node:assert/strict";
import { join } from "node:path";
import { SafetensorsFile, type Student, tf } from "@seed/core";
import { saveStudent } from "@seed/core/host";
import { efficientnet, type ParameterSource, resnet, StudentNetwork } from "@seed/nn";
import { testEngine } from "../support/engine.ts";
import efficientnetB0Entries from "./efficientnet_b0_state_dict.json" with { type: "json" };
import { assertFingerprint } from "./fingerprint.ts";
import { images } from "./formula.ts";
import resnet18Entries from "./resnet18_state_dict.json" with { type: "json" };

const options = { seed: 3, head: { hidden: 8, dim: 4 }, teacherDim: null };
const python = Deno.env.get("SEED_PEER_PYTHON");
const networks = {
  efficientnet_b0: {
    build: (source: ParameterSource) => efficientnet(source, "b0"),
    entries: efficientnetB0Entries as Record<string, number[]>,
  },
  resnet18: {
    build: (source: ParameterSource) => resnet(source, { depth: 18 }),
    entries: resnet18Entries as Record<string, number[]>,
  },
};

/** Runs `body` with the file of a student that saw one batch, so that its running statistics are not the first ones. */
async function withStudentFile(
  network: keyof typeof networks,
  body: (path: string, student: Student) => Promise<void>,
): Promise<void> {
  await testEngine();
  using student = new StudentNetwork(network, networks[network].build, options);
  tf.tidy(() => void student.forward(images("first batch", 4, 64), { training: true }));
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "student.safetensors");
    const metadata = { network, mean: JSON.stringify(student.mean), std: JSON.stringify(student.std) };
    await saveStudent(path, student.parameters, metadata, 1);
    await body(path, student);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const [network, { entries }] of Object.entries(networks)) {
  Deno.test(`student.safetensors of ${network} has timm's names and shapes, and the head's`, () =>
    withStudentFile(network as keyof typeof networks, async (path, student) => {
      using file = await SafetensorsFile.open(path);
      const [head, backbone] = [true, false].map((wanted) =>
        Object.fromEntries(
          [...file.tensors].filter(([name]) => name.startsWith("head.") === wanted)
            .map(([name, { shape }]) => [name, [...shape]]),
        )
      );
      assert.deepEqual(backbone, entries);
      const features = student.featureDim;
      assert.deepEqual(head, {
        "head.0.weight": [8, features],
        "head.0.bias": [8],
        "head.2.weight": [4, 8],
        "head.2.bias": [4],
      });
    }));

  Deno.test({
    name: `timm loads student.safetensors of ${network} with strict=True and computes its features` +
      (python ? "" : " (left out: SEED_PEER_PYTHON names no Python with torch and timm)"),
    ignore: !python,
    fn: () =>
      withStudentFile(network as keyof typeof networks, async (path, student) => {
        const script = join(import.meta.dirname!, "load_student.py");
        const { success, stdout, stderr } = await new Deno.Command(python!, { args: [script, path] })
          .output();
        assert.ok(success, new TextDecoder().decode(stderr));
        const features = tf.tidy(() =>
          student.forward(images("images", 4, 64), { training: false }).features.dataSync()
        );
        const expected = JSON.parse(new TextDecoder().decode(stdout));
        assertFingerprint("features", features, expected, { tolerance: 1e-4 });
      }),
  });
}
