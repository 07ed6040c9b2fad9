/**
 * On XLA: whole runs of a tiny student, and golden tests of losses, optimizers, evaluators and layers, which need small
 * programs alone. All other golden tests run on it too, by `SEED_ENGINE=xla`, but XLA's CPU compiler takes minutes for
 * their networks.
 *
 * @module
 */
import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { loadTeacher, SeedParts } from "../bench/seed_parts.ts";
import { summaryOf } from "./support/test_summary.ts";
import { distillTiny, inTinyFolder, metricsOf, outcomeOf } from "./support/tiny_runs.ts";
import { openXla } from "./support/xla_engine.ts";
import { cpuPlugin, testWithXla } from "./support/xla_plugin.ts";

const ON_ANY = [
  ...["losses", "optimization", "knn"].map((name) => `tests/golden/${name}_test.ts`),
  ...["batch_norm", "layer_norm"].map((name) => `nn/layers/${name}_test.ts`),
  "plugins/queues/fifo/mod_test.ts",
];

/**
 * The linear probe's are for one device: its optimizer ends where the loss's rounding hides any decrease, and one query of
 * 200 lies 0.0001 from a boundary then, which another order of sums moves it over.
 */
const ON_ONE = [
  ...ON_ANY,
  "tests/golden/linear_test.ts",
  "nn/layers/conv_test.ts",
  "nn/layers/activation_test.ts",
];

for (const [engine, files] of [["xla", ON_ONE], ["xla:2", ON_ANY]] as const) {
  testWithXla(`golden tests of small programs pass by SEED_ENGINE=${engine}`, async () => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--allow-all", "--no-check", ...files],
      env: { SEED_ENGINE: engine },
      cwd: new URL("..", import.meta.url),
    }).output();
    const [text, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.equal(code, 0, text + errors);
    const { passed, failed } = summaryOf(text)!;
    assert.ok(passed > 20 && failed === 0, text);
  });
}

testWithXla(
  "a step's similarities are products of fp32 at highest precision in bf16 too, which TF32 is not",
  async () => {
    await using engine = await openXla();
    const { programs } = engine.backend,
      texts: string[] = [],
      recorded = new Error("The text is all that is wanted");
    programs.compile = (_name, text) => {
      texts.push(text);
      return Promise.reject(recorded);
    };
    const batch = 4, queue = 24, dim = 128; // which no layer's matrix has
    using network = loadTeacher("resnet18");
    const parts = await SeedParts.create(engine, network, {
      ...{ batch, size: 32, queue, student: "resnet18", precision: "bf16" },
    });
    const embedding = tf.ones([batch, dim]) as tf.Tensor2D, images = parts.upload();
    await assert.rejects(parts.studentStep(images, embedding), recorded);
    tf.dispose([embedding, images]);

    const [text] = texts,
      products = text.split("\n").filter((line) => line.includes("stablehlo.dot_general"));
    assert.match(text, /stablehlo\.convolution.*xbf16>/, "the step is in bf16");
    // Of student and teacher with the queue, and the gradient of the student's.
    const similarities = products.filter((line) => line.includes(`tensor<${batch}x${queue}x`));
    assert.equal(similarities.length, 3, products.join("\n"));
    for (const line of products) {
      assert.doesNotMatch(line, /bf16|f16/, "head and similarities are in fp32");
      assert.match(line, /precision = \[HIGHEST, HIGHEST\]/, "XLA's default is TF32 on NVIDIA's cards");
    }
    // Nor is a similarity what was rounded before: nothing between them is in bf16.
    assert.match(
      similarities[0],
      new RegExp(`\\(tensor<${batch}x${dim}xf32>, tensor<${queue}x${dim}xf32>\\)`),
    );
  },
);

/** Runs the tiny recipe on an engine, 12 steps if no flag says otherwise. */
async function distill(
  folder: string,
  out: string,
  engine: Record<string, unknown>,
  flags: string[] = [],
): Promise<void> {
  const sets = Object.entries(engine).flatMap((
    [key, value],
  ) => ["--set", `engine.${key}=${JSON.stringify(value)}`]);
  const { code, stderr } = await distillTiny(folder, { out, flags: [...sets, ...flags] });
  assert.equal(code, 0, stderr);
}

async function lossesOf(run: string): Promise<number[]> {
  return (await metricsOf(run)).flatMap(({ loss }) => typeof loss === "number" ? [loss] : []);
}

testWithXla(
  "a run on XLA that is resumed has a whole one's bits, and two devices and TensorFlow its losses",
  () =>
    inTinyFolder(async (folder) => {
      const xla = { plugin: "@seed/engine-xla", plugin_file: await cpuPlugin() };
      await distill(folder, "whole", xla);
      await distill(folder, "parts", xla, ["--max-steps", "6"]);
      await distill(folder, "parts", xla, ["--resume"]);
      assert.deepEqual(await outcomeOf(`${folder}/parts`), await outcomeOf(`${folder}/whole`));

      await distill(folder, "two", { ...xla, devices: 2 });
      for (const [run, count] of [["whole", 1], ["two", 2]] as const) {
        const { devices } = JSON.parse(await Deno.readTextFile(`${folder}/${run}/run.json`));
        assert.deepEqual(devices, { count, batch_norm_images: 4 }, "batch norm sees the whole batch");
      }
      await distill(folder, "tensorflow", { plugin: "@seed/engine-tensorflow" });
      const expected = await lossesOf(`${folder}/whole`);
      assert.equal(expected.length, 12);
      for (const other of ["two", "tensorflow"]) {
        for (const [step, loss] of (await lossesOf(`${folder}/${other}`)).entries()) {
          const difference = Math.abs(loss - expected[step]) / expected[step];
          assert.ok(
            difference < 1e-4,
            `${other}: step ${step + 1} has the loss ${loss}, on one device ${expected[step]}`,
          );
        }
      }
    }),
);
