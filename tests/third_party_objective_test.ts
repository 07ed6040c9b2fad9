/**
 * A loss with trained weights of its own, in one file outside of the repository: what it learns, tells and keeps.
 *
 * @module
 */
import assert from "node:assert/strict";
import { SafetensorsFile } from "@seed/core";
import { checkObjective } from "@seed/core/conformance";
import queueFifo from "@seed/queue-fifo";
import objective from "../examples/my_objective.ts";
import { runCli } from "./support/cli.ts";
import { testContext, testEngine } from "./support/engine.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { inFolder } from "./support/plugin_context.ts";
import { tinyStudent } from "./support/tiny_student.ts";

const STUDENT = new URL("./support/plugins.ts", import.meta.url).href;

/** 12 images, 3 steps of 4 an epoch; 6 steps. */
const RECIPE = `version: 1
seed: 2
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 16 }
teacher: { plugin: ./plugins/my_teacher.ts, cells: 2 }
student: { plugin: "${STUDENT}#student" }
queue: { plugin: "@seed/queue-fifo", size: 8 }
objective: { plugin: ./plugins/my_objective.ts, hidden: 10 }
train: { batch_size: 4, epochs: 2, lr: 0.1, workers: 1 }
checkpoint: { every_steps: 2 }
`;
const STEPS = 6;

/** The predictor's weights with their shapes, as PyTorch has them. */
const PREDICTOR: Record<string, number[]> = {
  "predictor.0.weight": [10, 12],
  "predictor.0.bias": [10],
  "predictor.2.weight": [12, 10],
  "predictor.2.bias": [12],
};

Deno.test("a third party's loss keeps an objective's promises", async (t) => {
  const context = { ...testContext, engine: await testEngine() }, options = objective.options.parse({});
  await checkObjective(t, {
    engine: context.engine,
    needs: objective.needs(options),
    makeStudent: (seed) => tinyStudent({ seed, teacherDim: null }),
    makeQueue: ({ size, ...rest }) => queueFifo.create({ size }, { ...context, ...rest }),
    make: (given) => objective.create(options, { ...context, ...given }),
  });
});

Deno.test("a third party's loss, one file named by its path, trains a predictor of its own and resumes bit for bit", () =>
  inFolder(async (folder) => {
    await makeImageFolder(`${folder}/images`, { train: 4 });
    await Deno.mkdir(`${folder}/plugins`);
    for (const file of ["my_teacher.ts", "my_objective.ts"]) {
      await Deno.copyFile(new URL(`../examples/${file}`, import.meta.url), `${folder}/plugins/${file}`);
    }
    await Deno.writeTextFile(`${folder}/mine.yaml`, RECIPE);
    const distill = async (...flags: string[]) => {
      const { code, stderr } = await runCli(["distill", "mine.yaml", ...flags], { cwd: folder });
      assert.equal(code, 0, stderr);
    };
    await distill("--out", "whole");
    await distill("--out", "stopped", "--max-steps", "3");
    await distill("--out", "stopped", "--resume");

    const [first, whole, resumed] = await Promise.all([
      tensorsOf(`${folder}/whole/checkpoints/step-0000002.safetensors`),
      ...["whole", "stopped"].map((run) =>
        tensorsOf(`${folder}/${run}/checkpoints/step-0000006.safetensors`)
      ),
    ]);
    assert.deepEqual(resumed, whole);
    for (const [name, shape] of Object.entries(PREDICTOR)) {
      for (const tensor of [name, `optimizer.momentum.${name}`]) {
        assert.deepEqual(whole[tensor]?.shape, shape, tensor);
        assert.notDeepEqual(whole[tensor].values, first[tensor].values, `${tensor} does not change`);
      }
    }

    const metrics = await metricsOf(`${folder}/whole`);
    assert.deepEqual(await metricsOf(`${folder}/stopped`), metrics);
    assert.equal(metrics.length, STEPS);
    for (const [step, { temperature, cosine }] of metrics.entries()) {
      const expected = 0.2 + (0.05 - 0.2) * step / STEPS; // by the share of steps that were taken before it
      assert.ok(Math.abs(temperature - expected) < 1e-6, `step ${step}: the temperature is ${temperature}`);
      assert.ok(Math.abs(cosine) <= 1 + 1e-6, `step ${step}: the cosine is ${cosine}`);
    }
  }));

/** All tensors of a checkpoint. */
async function tensorsOf(path: string): Promise<Record<string, { shape: number[]; values: Float32Array }>> {
  using file = await SafetensorsFile.open(path);
  const entries = [...file.tensors].map(([name, { shape }]) => [name, { shape, values: file.read(name) }]);
  return Object.fromEntries(entries);
}

/** What the loss tells of itself at each step. */
async function metricsOf(run: string): Promise<Record<string, number>[]> {
  const lines = (await Deno.readTextFile(`${run}/metrics.jsonl`)).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line)).filter((line) => "loss" in line).map(({ metrics }) => metrics);
}
