/**
 * Training runs of every objective are those of independent PyTorch programs (trajectory.py), step by step: loss,
 * gradients, momentum, weight decay, warm-up, batch norm, queues and what enters them when.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Engine, type Objective, type Parameter, type Plugin, tf, toTorch } from "@seed/core";
import {
  createOptimizer,
  disposeBatch,
  frozenBy,
  type LossTerm,
  positionOf,
  singleTerm,
  type StepBatch,
  type StreamBatch,
  TrainingStep,
  type TrainOptions,
  trainSchema,
} from "@seed/core/host";
import bingo from "@seed/objective-bingo";
import compress from "@seed/objective-compress";
import disco from "@seed/objective-disco";
import moco from "@seed/objective-moco";
import seed from "@seed/objective-seed";
import simreg from "@seed/objective-simreg";
import { FifoQueue } from "@seed/queue-fifo";
import { type ParameterSource, resnet, StudentNetwork } from "@seed/nn";
import { testContext, testEngine } from "../support/engine.ts";
import { objectiveContext } from "../support/objective_inputs.ts";
import { assertFingerprint } from "./fingerprint.ts";
import { fill, images, toFill, uniform } from "./formula.ts";
import golden from "./trajectory.json" with { type: "json" };

const BATCH = 16, BATCHES = 2, DIM = 16, QUEUE = 64, SIZE = 64, PATCHES = 3;
const SCHEDULE = {
  ...{ lr: 2e-5, schedule: "cosine", scheduleBy: "step", epochs: 5, warmupEpochs: 1 } as const,
  ...{ batchSize: BATCH, stepsPerEpoch: 10 },
};
/** Of a ResNet-18. */
const FEATURES = 512;

type Head = ConstructorParameters<typeof StudentNetwork>[2]["head"];

interface Method {
  head?: Head;
  bnSplits?: number;
  /** As a recipe's `train:` says it. */
  train?: object;
  terms(make: Maker): Promise<LossTerm[]>;
}

/** Makes objectives, and queues with the formula's rows. */
interface Maker {
  /** A term of the objective on the full views. */
  term(plugin: Plugin<"objective", any>, queue: FifoQueue | null, options?: object): Promise<LossTerm>;
  queue(name?: string): FifoQueue;
}

const withQueue =
  (plugin: Plugin<"objective", any>, options = {}): Method["terms"] => async ({ term, queue }) => [
    await term(plugin, queue(), options),
  ];

const METHODS: Record<keyof typeof golden, Method> = {
  "seed": { terms: withQueue(seed) },
  "seed, fine-tuned": {
    terms: withQueue(seed),
    train: {
      freeze: ["conv1", "bn1", "layer1", "layer3.0"],
      head_lr: 5 * SCHEDULE.lr,
      weight_decay_on: "weights",
    },
  },
  "moco": { bnSplits: 2, terms: withQueue(moco, { momentum: 0.99 }) },
  "small patches": {
    async terms({ term, queue }) {
      const views = await term(seed, queue());
      const patches = { ...views, name: "patches", stream: "patches", queueName: "small_queue" };
      return [views, { ...patches, queue: queue("small queue") }];
    },
  },
  "compress": { head: { hidden: null }, terms: withQueue(compress) },
  "simreg": {
    head: { hidden: 2 * FEATURES, norm: "batch", projection: FEATURES },
    terms: async ({ term }) => [await term(simreg, null)],
  },
  "disco": {
    bnSplits: 2,
    terms: async ({ term, queue }) => [
      await term(moco, queue(), { momentum: 0.99 }),
      { ...await term(disco, null), name: "disco", weight: 4 },
    ],
  },
  "bingo": { terms: withQueue(bingo, { apart_epochs: 0 }) },
};

/** What the programs have in common, as recipes say it; the schedule is given to each step. */
function trainOptions(train: object = {}): TrainOptions {
  const given = { batch_size: BATCH, epochs: SCHEDULE.epochs, lr: SCHEDULE.lr, weight_decay: 0.5, ...train };
  return trainSchema({}).parse(given) as TrainOptions;
}

async function makeStudent(
  head: Head = { hidden: FEATURES },
  freeze: readonly string[] = [],
): Promise<StudentNetwork> {
  const options = {
    ...{ seed: 0, head: { ...head, dim: DIM }, teacherDim: null },
    isFrozen: frozenBy(freeze),
  };
  const build = (source: ParameterSource) => resnet(source, { depth: 18 });
  const student = await toFill(() => new StudentNetwork("resnet18", build, options));
  fill(student.parameters);
  return student;
}

/** Rows of length 1, by the formula. */
function unitRows(name: string, rows: number): tf.Tensor2D {
  return tf.tidy(() => {
    const values = tf.tensor2d(uniform(name, [rows, DIM]), [rows, DIM]);
    return tf.div(values, tf.norm(values, 2, 1, true)) as tf.Tensor2D;
  });
}

function streamOf(step: number, names: string[], size: number, seen: readonly number[]): StreamBatch {
  const suffix = `batch ${step % BATCHES}`;
  return {
    views: names.map((name) => images(`${name}, ${suffix}`, BATCH, size)),
    teacherEmbeddings: seen.map((view) => unitRows(`teacher of ${names[view]}, ${suffix}`, BATCH)),
    teacherMaps: [],
  };
}

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name} ${i}`);

async function setUp(engine: Engine, method: Method, stack: DisposableStack) {
  const { head, bnSplits = 1, terms } = method, train = trainOptions(method.train);
  const student = stack.use(await makeStudent(head, train.freeze));
  const made = await terms({
    term: async (plugin, queue, options = {}) => {
      const given = { ...objectiveContext(DIM, () => makeStudent(head)), bnSplits };
      const parsed = plugin.options.parse(options);
      const objective: Objective = await plugin.create(parsed, { ...testContext, engine, ...given });
      stack.defer(() => objective[Symbol.dispose]?.());
      return singleTerm(objective, plugin.needs!(parsed), queue);
    },
    queue: (name = "queue") => {
      const queue = stack.use(new FifoQueue(QUEUE, DIM, 0)), rows = unitRows(name, QUEUE);
      queue.embeddings.assign(rows);
      rows.dispose();
      return queue;
    },
  });
  const optimizer = (parameters: readonly Parameter[]) => createOptimizer(parameters, train);
  const step = stack.use(
    new TrainingStep({ engine, student, terms: made, optimizer }, { seed: 0, bnSplits }),
  );
  return { student, step, terms: made };
}

for (const [name, method] of Object.entries(METHODS)) {
  const { losses, weights } = golden[name as keyof typeof golden];
  Deno.test(`${name}: ${losses.length} steps are PyTorch's`, async () => {
    using stack = new DisposableStack();
    const { student, step, terms } = await setUp(await testEngine(), method, stack);
    const views = Math.max(...terms.map(({ needs }) => needs.views));
    const seen = [...new Set(terms.flatMap(({ needs }) => needs.teacherViews))];
    const hasPatches = terms.some(({ stream }) => stream === "patches");
    for (const [i, expected] of losses.entries()) {
      const batch: StepBatch = { views: streamOf(i, numbered("view", views), SIZE, seen) };
      const all = Array.from({ length: PATCHES }, (_, patch) => patch);
      if (hasPatches) batch.patches = streamOf(i, numbered("patch", PATCHES), SIZE / 2, all);
      const { loss } = await step.run(batch, positionOf(i, SCHEDULE));
      disposeBatch(batch);
      assert.ok(Math.abs(loss - expected) <= 1e-4 * expected, `step ${i}: ${loss}, expected ${expected}`);
    }
    for (const [weight, expected] of Object.entries(weights)) {
      const { kind, variable } = student.parameters.find((parameter) => parameter.name === weight)!;
      const values = toTorch(await variable.data() as Float32Array, variable.shape, kind);
      assertFingerprint(weight, values, expected, { tolerance: 1e-3 });
    }
  });
}
