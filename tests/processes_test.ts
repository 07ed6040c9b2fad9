/**
 * A step in several processes is the step of one that runs the batch in as many parts: every objective, optimizer and
 * way to train, in seconds, without processes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { checkForProcesses, distill, follow, loadRecipe } from "@seed/core/host";
import { DEFAULTS } from "../cli/defaults.ts";
import { Learner } from "../core/parts/learner.ts";
import { createProcessParts } from "../core/parts/process_parts.ts";
import { agree } from "../core/processes/agree.ts";
import { Company } from "../core/run/company.ts";
import { Course } from "../core/run/course.ts";
import { TrainingBatches } from "../core/run/training_batches.ts";
import { mapTensors } from "../core/training/named_tensors.ts";
import { disposeBatch, type StepBatch } from "../core/training/step_batch.ts";
import { planSteps } from "../core/views/sampler.ts";
import { ROOT } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { localProcesses, runTogether } from "./support/local_processes.ts";
import { inFolder } from "./support/plugin_context.ts";
import { checkpointName, checkpointsOf, outcomeOf } from "./support/tiny_runs.ts";

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
  "DisCo": ["objective={ plugin: '@seed/objective-disco' }", "queue=null"],
  "BINGO": ["objective={ plugin: '@seed/objective-bingo', bag: 2 }"],
  "SEED with tokens": [
    "objective=[{ plugin: '@seed/objective-seed' }, { plugin: '@seed/objective-token' }]",
    `teacher={ plugin: '${TEST_PLUGINS}#teacherWithMaps' }`,
  ],
  "Retro": [
    "objective={ plugin: '@seed/objective-disco' }",
    "queue=null",
    `teacher={ plugin: '${TEST_PLUGINS}#teacherWithMaps' }`,
    "student.head={ reuse_teacher: true }",
  ],
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
          using alone = await Learner.create(await load(size), parts, host, null);
          using stack = new DisposableStack();
          const together: Learner[] = [];
          for (const processes of localProcesses(size)) {
            together.push(
              stack.use(await Learner.create(await load(1), { ...parts, processes }, host, null)),
            );
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

/** A whole run, with evaluations and checkpoints; 3 epochs of 2 steps. */
const RUN = RECIPE.replace("epochs: 2", "epochs: 3") +
  "evaluate: { every_epochs: 1, knn: { k: 2 } }\ncheckpoint: { every_steps: 2 }\n";

Deno.test("a run in two processes is that of two parts, to the bit, interrupted by the second and resumed too", () =>
  inFolder(async (folder) => {
    await makeImageFolder(`${folder}/images`, { train: 6, val: 2 });
    const path = `${folder}/mine.yaml`;
    await Deno.writeTextFile(path, RUN.replace("ROOT_OF_IMAGES", `${folder}/images`));
    const load = (...overrides: string[]) => loadRecipe(path, { overrides, defaults: DEFAULTS });
    const host = (signal = new AbortController().signal) => ({ log: () => {}, signal });
    const options = (out: string, resume = false) => ({ out: `${folder}/${out}`, maxSteps: null, resume });
    await distill(await load("train.accumulate=2"), options("alone"), host());
    const alone = await outcomeOf(`${folder}/alone`);

    /** @param interrupt When the second process is to be interrupted: at the how manieth sum of which kind. */
    const together = async (
      out: string,
      { resume = false, interrupt = {} as { atStep?: number; atVote?: number } } = {},
    ) => {
      const recipe = await load(), [first, second] = localProcesses(2), abort = new AbortController();
      let steps = 0, votes = 0;
      const counting = {
        ...second,
        sum: (values: Float32Array<ArrayBuffer>) => {
          const isDue = values.length > 1 ? ++steps === interrupt.atStep : ++votes === interrupt.atVote;
          if (isDue) abort.abort();
          return second.sum(values);
        },
      };
      const [{ finished }, isOver] = await Promise.all([
        distill(recipe, options(out, resume), host(), first),
        follow(recipe, { maxSteps: null, resume }, host(abort.signal), counting),
      ]);
      assert.equal(isOver, finished);
      return finished;
    };
    assert.ok(await together("two"));
    assert.deepEqual(await outcomeOf(`${folder}/two`), alone);
    // The third step's sum: the step is finished, and both stop before the fourth.
    const steps = async (out: string) =>
      (await Deno.readTextFile(`${folder}/${out}/metrics.jsonl`)).split('"loss"').length - 1;
    assert.ok(!await together("stopped", { interrupt: { atStep: 3 } }));
    assert.equal(await steps("stopped"), 3);
    assert.ok(await together("stopped", { resume: true }));
    assert.deepEqual(await outcomeOf(`${folder}/stopped`), alone);
    // The second vote is within the teacher's evaluation before the first step; then in those after it.
    for (const [atVote, done] of [[2, 0], [4, 0], [11, 2]]) {
      const out = `stopped at ${atVote}`;
      assert.ok(!await together(out, { interrupt: { atVote } }));
      assert.equal(await steps(out), done);
      assert.ok(await together(out, { resume: true }));
      assert.deepEqual(await outcomeOf(`${folder}/${out}`), alone);
    }
  }));

Deno.test("neighbours, a cache on disk and broken images: a run in three processes is that of three parts, to the bit", () =>
  inFolder(async (folder) => {
    await makeImageFolder(`${folder}/images`, { train: 9, val: 2 });
    for (const broken of ["train/rows/0", "train/rows/1", "train/stripes/8", "val/circles/1"]) {
      await Deno.writeTextFile(`${folder}/images/${broken}.png`, "no picture");
    }
    const path = `${folder}/mine.yaml`;
    await Deno.writeTextFile(path, RUN.replace("ROOT_OF_IMAGES", `${folder}/images`));
    const load = (run: string, ...overrides: string[]) =>
      loadRecipe(path, {
        overrides: [
          ...["data.on_error=skip", "train.batch_size=9", "queue.size=27", "evaluate.agreement={ k: 1 }"],
          ...["objective={ plugin: '@seed/objective-bingo', bag: 2 }"],
          `teacher.cache={ views: 2, dir: ${JSON.stringify(`${folder}/cache of ${run}`)} }`,
          ...overrides,
        ],
        defaults: DEFAULTS,
      });
    const said: string[][] = [[], [], [], []];
    const host = (to: number) => ({
      log: (message: string) => void said[to].push(message),
      signal: new AbortController().signal,
    });
    const options = (out: string) => ({ out: `${folder}/${out}`, maxSteps: null, resume: false });
    await distill(await load("alone", "train.accumulate=3"), options("alone"), host(3));
    const recipe = await load("together");
    await runTogether(3, async (processes) => {
      const { rank } = processes;
      if (rank === 0) await distill(recipe, options("together"), host(0), processes);
      else await follow(recipe, { maxSteps: null }, host(rank), processes);
    });
    assert.deepEqual(await outcomeOf(`${folder}/together`), await outcomeOf(`${folder}/alone`));
    assert.deepEqual(said[1].concat(said[2]), [], "what all do alike is said by the first");
    const leftOut = said[0].filter((message) => /^Left out, since they do not decode: 4\./.test(message));
    assert.equal(leftOut.length, 1, said[0].join("\n"));
  }));

Deno.test("what another process cannot read ends the run as in one process: the state after the last step is kept", () =>
  inFolder(async (folder) => {
    await makeImageFolder(`${folder}/images`, { train: 8 });
    const path = `${folder}/mine.yaml`;
    await Deno.writeTextFile(path, RECIPE.replace("ROOT_OF_IMAGES", `${folder}/images`));
    const recipe = await loadRecipe(path, { defaults: DEFAULTS });
    const host = { log: () => {}, signal: new AbortController().signal };
    {
      await using parts = await createProcessParts(recipe, host);
      const { train } = parts.data, { batch_size: batchSize } = recipe.train;
      const [, ofSecondStep] = planSteps({
        ...{ images: train.length, batchSize, shuffle: true, seed: recipe.seed, startStep: 0, endStep: 2 },
        processes: { rank: 1, size: 2 },
      });
      await Deno.writeTextFile(train.image(ofSecondStep.images[0]).file as string, "no picture");
    }
    const run = runTogether(2, async (processes) => {
      const options = { out: `${folder}/run`, maxSteps: null, resume: false };
      if (processes.rank === 0) await distill(recipe, options, host, processes);
      else await follow(recipe, { maxSteps: null }, host, processes);
    });
    await assert.rejects(run, {
      name: "RunError",
      message:
        /^Cannot make a view of the image ".*no picture.*step-0000001\.safetensors"; --resume goes on from it$/,
    });
    assert.deepEqual(checkpointsOf(`${folder}/run`), [0, 1].map(checkpointName));
  }));

Deno.test("weights that differ after a step are not kept: what is left is the checkpoint before", async (t) => {
  for (const interrupted of ["by nobody", "by the first", "by the second"]) {
    await t.step(`interrupted ${interrupted}`, () => testWeightsThatDiffer(interrupted));
  }
});

const testWeightsThatDiffer = (interrupted: string) =>
  inFolder(async (folder) => {
    await makeImageFolder(`${folder}/images`, { train: 6, val: 2 });
    const path = `${folder}/mine.yaml`;
    await Deno.writeTextFile(path, RUN.replace("ROOT_OF_IMAGES", `${folder}/images`));
    const recipe = await loadRecipe(path, { defaults: DEFAULTS });
    const aborts = [new AbortController(), new AbortController()];
    const run = runTogether(2, async (processes) => {
      const options = { out: `${folder}/run`, maxSteps: null, resume: false };
      const host = { log: () => {}, signal: aborts[processes.rank].signal };
      if (processes.rank === 0) return await distill(recipe, options, host, processes);
      let steps = 0;
      const roundingOtherwise = {
        ...processes,
        async sum(values: Float32Array<ArrayBuffer>) {
          await processes.sum(values);
          if (values.length === 1 || ++steps !== 3) return;
          values[0] += 1e-3;
          if (interrupted !== "by nobody") aborts[interrupted === "by the first" ? 0 : 1].abort();
        },
      };
      await follow(recipe, { maxSteps: null }, host, roundingOtherwise);
    });
    await assert.rejects(run, {
      name: "RunError",
      message: new RegExp(
        `^After step ${
          interrupted === "by nobody" ? 4 : 3
        } process 1 on this machine has other weights than ` +
          'process 0 .*\\. The state after step 2 is kept in ".*"; --resume goes on from it$',
      ),
    });
    assert.deepEqual(checkpointsOf(`${folder}/run`), [0, 2].map(checkpointName));
  });

Deno.test("what differs between processes is told before the first step, and what they cannot do before anything", async () => {
  const hosts = ["host-a", "host-b", "host-c"];
  const [first, second, third] = localProcesses(3).map((processes) => ({ ...processes, hosts }));
  const facts = { recipe: "a", engine: "tensorflow 2.21.0" };
  const said = agree(first, facts);
  void agree(second, facts);
  void agree(third, { ...facts, engine: "tensorflow 2.20.0" });
  await assert.rejects(said, {
    name: "ProcessesError",
    message: 'Process 2 on host-c has the engine "tensorflow 2.20.0", but process 0 on host-a has ' +
      '"tensorflow 2.21.0"; all processes of a run must have the same',
  });
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/mine.yaml`, RECIPE.replace("ROOT_OF_IMAGES", folder));
    const check = async (size: number, ...overrides: string[]) =>
      checkForProcesses(await loadRecipe(`${folder}/mine.yaml`, { overrides, defaults: DEFAULTS }), size);
    await check(4, "train.accumulate=2");
    await assert.rejects(
      check(3),
      /mine\.yaml: train\.batch_size 8 cannot be dealt out to 3 processes: set it to a multiple of 3, for example 9/,
    );
    await assert.rejects(
      check(4, "train.accumulate=4"),
      /dealt out to 4 processes, train\.accumulate 4: .* multiple of 16/,
    );
    await assert.rejects(
      check(2, "teacher.cache={ views: 2 }"),
      /teacher\.cache needs a folder that all of them see/,
    );
  });
});

Deno.test("other images to evaluate on, or no --resume, in one process of a run are told before the first step", () =>
  inFolder(async (folder) => {
    await makeImageFolder(`${folder}/images`, { train: 8, val: 2 });
    await Deno.writeTextFile(`${folder}/mine.yaml`, RUN.replace("ROOT_OF_IMAGES", `${folder}/images`));
    const recipe = await loadRecipe(`${folder}/mine.yaml`, { defaults: DEFAULTS });
    const host = { log: () => {}, signal: new AbortController().signal };
    await using parts = await createProcessParts(recipe, host);
    using learner = await Learner.create(recipe, parts, host, null);
    const { train, evaluation } = parts.data, { gallery, queries } = evaluation!;
    const fewer = { ...queries, length: queries.length - 1 };
    const others = { ...parts, data: { ...parts.data, train, evaluation: { gallery, queries: fewer } } };
    const course = new Course(recipe, {
      ...{ images: train.length, standIns: parts.standIns, maxSteps: null, processes: null },
    });
    const agree = (second: { parts?: typeof parts; resumes?: boolean }) =>
      runTogether(2, ({ rank, ...more }) => {
        const { parts: its, resumes } = { parts, resumes: true, ...rank === 1 && second };
        return new Company({ rank, ...more }, learner).agree(recipe, its, course, resumes);
      });
    await agree({});
    await assert.rejects(agree({ parts: others }), {
      name: "ProcessesError",
      message:
        /^Process 1 on this machine has the listing of the queries "5 images, .*process 0 .* "6 images, /,
    });
    await assert.rejects(agree({ resumes: false }), {
      name: "ProcessesError",
      message:
        /^Process 1 on this machine has the beginning "a new run", but process 0 .* "a checkpoint, by --resume"; /,
    });
  }));
