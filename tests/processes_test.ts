/**
 * A step in several processes is the step of one that runs the batch in as many parts: every objective, optimizer and
 * way to train, in seconds, without processes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { loadRecipe } from "@seed/core/host";
import { DEFAULTS } from "../cli/defaults.ts";
import { Learner } from "../core/parts/learner.ts";
import { createProcessParts } from "../core/parts/process_parts.ts";
import { TrainingBatches } from "../core/run/training_batches.ts";
import { mapTensors } from "../core/training/named_tensors.ts";
import { disposeBatch, type StepBatch } from "../core/training/step_batch.ts";
import { planSteps } from "../core/views/sampler.ts";
import { ROOT } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { localProcesses } from "./support/local_processes.ts";
import { inFolder } from "./support/plugin_context.ts";

const BATCH = 8, STEPS = 3;
const TEST_PLUGINS = new URL("./support/plugins.ts", import.meta.url).href;
const RECIPE = `version: 1
seed: 2
engine: { plugin: "${TEST_PLUGINS}#engine" }
data: { plugin: "@seed/data-image-folder", root: ROOT_OF_IMAGES }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 16 }
teacher: { plugin: "${ROOT}examples/my_teacher.ts", cells: 2 }
student: { plugin: "${TEST_PLUGINS}#studentWithHead", head: { hidden: 8 } }
queue: { plugin: "@seed/queue-fifo", size: 32 }
objective: { plugin: "@seed/objective-seed" }
train: { batch_size: ${BATCH}, epochs: 2, lr: 0.1, workers: 1 }
`;

/** What differs from the recipe above. */
const WAYS: Record<string, string[]> = {
  "SEED": [],
  "SEED, with small patches": [
    "small_patches={ count: 2, augmenter: { plugin: '@seed/augmenter-moco-v2', size: 8 } }",
  ],
  "MoCo": ["objective={ plugin: '@seed/objective-moco' }", "teacher=null", "student.head.dim=12"],
  "CompRess": ["objective={ plugin: '@seed/objective-compress' }"],
  "SimReg": ["objective={ plugin: '@seed/objective-simreg' }", "queue=null"],
  "DisCo": ["objective={ plugin: '@seed/objective-disco' }"],
  "BINGO": ["objective={ plugin: '@seed/objective-bingo', bag: 2 }"],
  "dropout": ["student.dropout=0.3"],
  "batch norm in two splits": ["train.bn_splits=2"],
  "AdamW, an average of weights, clipping": [
    "train.optimizer=adamw",
    "train.ema=0.9",
    "train.clip_grad_norm=0.5",
  ],
  "LARS": ["train.optimizer=lars"],
};

for (const [way, set] of Object.entries(WAYS)) {
  Deno.test(`a step in 2 and 4 processes is that of 2 and 4 parts, to the bit: ${way}`, () =>
    inFolder(async (folder) => {
      await makeImageFolder(`${folder}/images`, { train: 8 });
      await Deno.writeTextFile(`${folder}/mine.yaml`, RECIPE.replace("ROOT_OF_IMAGES", `${folder}/images`));
      const host = { log: () => {}, signal: new AbortController().signal };
      const load = (accumulate: number) =>
        loadRecipe(`${folder}/mine.yaml`, {
          overrides: [...set, `train.accumulate=${accumulate}`],
          defaults: DEFAULTS,
        });
      await using parts = await createProcessParts(await load(1), host);
      const steps = await takeBatches(await load(1), parts);
      try {
        for (const size of [2, 4]) {
          using alone = await Learner.create(await load(size), parts, host);
          using stack = new DisposableStack();
          const together: Learner[] = [];
          for (const processes of localProcesses(size)) {
            together.push(stack.use(await Learner.create(await load(1), { ...parts, processes }, host)));
          }
          for (const [number, batch] of steps.entries()) {
            const position = { step: number, epoch: number / 4, share: number / 8, learningRate: 0.1 };
            const expected = await alone.step.run(batch, position);
            const slices = together.map((_, rank) =>
              mapTensors(batch, (tensor) => sliceOf(tensor, rank, size))
            );
            const results = await Promise.all(
              together.map(({ step }, rank) => step.run(slices[rank], position)),
            );
            slices.forEach(disposeBatch);
            for (const result of results) assert.deepEqual(result, expected);
          }
          const expected = await valuesOf(alone);
          for (const learner of together) assert.deepEqual(await valuesOf(learner), expected);
        }
      } finally {
        steps.forEach(disposeBatch);
      }
    }));
}

/** The batches of the first steps. */
async function takeBatches(
  recipe: Awaited<ReturnType<typeof loadRecipe>>,
  parts: Awaited<ReturnType<typeof createProcessParts>>,
): Promise<StepBatch[]> {
  using batches = await TrainingBatches.open(parts, recipe, {
    log: () => {},
    signal: new AbortController().signal,
  });
  const plans = planSteps({
    ...{
      images: parts.data.train.length,
      batchSize: BATCH,
      shuffle: true,
      seed: 0,
      startStep: 0,
      endStep: STEPS,
    },
  });
  const taken: StepBatch[] = [];
  for await (const { batch } of batches.deliver(plans)) taken.push(batch);
  return taken;
}

function sliceOf(tensor: tf.Tensor, rank: number, size: number): tf.Tensor {
  const rows = tensor.shape[0] / size;
  return tf.slice(tensor, rank * rows, rows);
}

/** All that a step changes, by name. */
async function valuesOf(
  { student, average, terms, step }: Learner,
): Promise<Record<string, Float32Array | Int32Array>> {
  const values: Record<string, Float32Array | Int32Array> = {};
  const parameters = [
    ...student.parameters,
    ...step.optimizer.state,
    ...average?.parameters ?? [],
    ...terms.flatMap(({ objective }) => objective.parameters ?? []),
  ];
  for (const [i, { name, variable }] of parameters.entries()) {
    values[`${i} ${name}`] = await variable.data() as Float32Array;
  }
  for (const [i, { queue }] of terms.entries()) {
    if (!queue) continue;
    values[`queue ${i}`] = await queue.embeddings.data() as Float32Array;
    values[`pointer ${i}`] = await queue.pointer.data() as Int32Array;
  }
  return values;
}
