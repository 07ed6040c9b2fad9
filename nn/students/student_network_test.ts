import assert from "node:assert/strict";
import { join } from "node:path";
import { SafetensorsFile, tf } from "@seed/core";
import { saveStudent } from "@seed/core/host";
import { images } from "../../tests/golden/formula.ts";
import { FrozenNetwork } from "../frozen/frozen_network.ts";
import { type Network, networkNamed } from "../networks/networks.ts";
import { resnet } from "../backbones/resnet.ts";
import { StudentNetwork } from "./student_network.ts";

await tf.setBackend("cpu");

/** A ResNet-18 of four channels, 32 features. */
const NARROW: Network = {
  ...networkNamed("resnet18"),
  build: (source, normalization) => resnet(source, { depth: 18, width: 1 / 16, normalization }),
};

type Head = ConstructorParameters<typeof StudentNetwork>[2]["head"];

/** Heads, and the names of their values, as PyTorch numbers them. */
const HEADS: [Head, string[]][] = [
  [{ hidden: null }, ["0.weight", "0.bias"]],
  [{ hidden: 8 }, ["0.weight", "0.bias", "2.weight", "2.bias"]],
  [{ hidden: [8, 6] }, ["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"]],
  [{ hidden: [8, 6], norm: "batch" }, [
    ...["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var"],
    ...["3.weight", "3.bias", "4.weight", "4.bias", "4.running_mean", "4.running_var"],
    ...["6.weight", "6.bias"],
  ]],
  [{ hidden: 8, norm: "batch", projection: 6 }, [
    ...["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var"],
    ...["3.weight", "3.bias", "4.weight", "4.bias"],
    ...["5.weight", "5.bias", "5.running_mean", "5.running_var"],
    ...["7.weight", "7.bias"],
  ]],
];

for (const stem of ["imagenet", "small"] as const) {
  for (const [head, names] of HEADS) {
    Deno.test(`a student with the head ${JSON.stringify(head)} and the stem ${stem} is read back from its file`, async () => {
      const build: Network["build"] = (source) => resnet(source, { depth: 18, width: 1 / 16, stem });
      using student = new StudentNetwork("resnet18", (source) => build(source, NARROW.normalization), {
        ...{ seed: 3, head, teacherDim: 5 },
      });
      const ofHead = student.parameters.flatMap(({ name }) =>
        name.startsWith("head.") ? [name.slice(5)] : []
      );
      assert.deepEqual(ofHead, names);

      const input = images("images", 4, 32);
      tf.tidy(() => void student.forward(input, { training: true })); // running statistics move
      const expected = tf.tidy(() => student.forward(input, { training: false }).embedding.dataSync());
      const folder = await Deno.makeTempDir({ prefix: "seed-student-" }),
        path = join(folder, "student.safetensors");
      try {
        await saveStudent(path, student.parameters, { network: "resnet18" }, 1);
        using file = await SafetensorsFile.open(path);
        using network = FrozenNetwork.load(file, NARROW); // finds the stem by the file
        const embedding = await network.embedding(input).data();
        const scale = Math.max(...expected.map(Math.abs));
        embedding.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-5 * scale));
      } finally {
        await Deno.remove(folder, { recursive: true });
        input.dispose();
      }
    });
  }
}
