/**
 * Training runs of every objective are those of independent PyTorch programs (trajectory.py), step by step: loss,
 * gradients, momentum, weight decay, warm-up, batch norm, queues and what enters them when.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Engine, type Objective, Sgd, tf, toTorch, type Views } from "@seed/core";
import { learningRate, type LossTerm, singleTerm, teacherViewsOf, TrainingStep } from "@seed/core/host";
import bingo from "@seed/objective-bingo";
import compress from "@seed/objective-compress";
import disco from "@seed/objective-disco";
import moco from "@seed/objective-moco";
import seed from "@seed/objective-seed";
import simreg from "@seed/objective-simreg";
import { FifoQueue } from "@seed/queue-fifo";
import { resnet, StudentNetwork } from "@seed/nn";
import { testContext, testEngine } from "../support/engine.ts";
import { assertFingerprint } from "./fingerprint.ts";
import { fill, images, uniform } from "./formula.ts";
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
  terms(make: Maker): Promise<LossTerm[]>;
}

/** Makes objectives, and queues with the formula's rows. */
interface Maker {
  objective(plugin: any, options?: object): Promise<Objective>;
  queue(name?: string): FifoQueue;
}

const withQueue = (plugin: unknown, options = {}): Method["terms"] => async ({ objective, queue }) => [
  singleTerm(await objective(plugin, options), queue()),
];

const METHODS: Record<keyof typeof golden, Method> = {
  "seed": { terms: withQueue(seed) },
  "moco": { terms: withQueue(moco, { momentum: 0.99, bn_splits: 2 }) },
  "small patches": {
    async terms({ objective, queue }) {
      const made = await objective(seed);
      return [
        singleTerm(made, queue()),
        { ...singleTerm(made, queue("small queue")), queueName: "small_queue", stream: 1 },
      ];
    },
  },
  "compress": { head: { hidden: null }, terms: withQueue(compress) },
  "simreg": {
    head: { hidden: 2 * FEATURES, norm: "batch", projection: FEATURES },
    terms: async ({ objective }) => [singleTerm(await objective(simreg), null)],
  },
  "disco": {
    terms: async ({ objective, queue }) => [
      singleTerm(await objective(moco, { momentum: 0.99, bn_splits: 2 }), queue()),
      { ...singleTerm(await objective(disco, { bn_splits: 2 }), null), weight: 4 },
    ],
  },
  "bingo": { terms: withQueue(bingo) },
};

function makeStudent(head: Head = { hidden: FEATURES }): StudentNetwork {
  const options = { seed: 0, head: { ...head, dim: DIM }, teacherDim: null };
  const student = new StudentNetwork(
    "resnet18",
    (source) => resnet(source, { depth: 18 }),
    options,
  );
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

function streamOf(step: number, names: string[], size: number, seen: readonly number[]): Views {
  const suffix = `batch ${step % BATCHES}`;
  return {
    views: names.map((name) => images(`${name}, ${suffix}`, BATCH, size)),
    teacher: seen.map((view) => unitRows(`teacher of ${names[view]}, ${suffix}`, BATCH)),
  };
}

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name} ${i}`);

async function setUp(engine: Engine, { head, terms }: Method, stack: DisposableStack) {
  const student = stack.use(makeStudent(head));
  const made = await terms({
    objective: async (plugin, options = {}) =>
      stack.use(
        await plugin.create(plugin.options.parse(options), {
          ...{ ...testContext, engine, embeddingDim: DIM },
          createStudent: () => Promise.resolve(makeStudent(head)),
        }),
      ) as Objective,
    queue: (name = "queue") => {
      const queue = stack.use(new FifoQueue(QUEUE, DIM, 0)), rows = unitRows(name, QUEUE);
      queue.embeddings.assign(rows);
      rows.dispose();
      return queue;
    },
  });
  const optimizer = stack.use(new Sgd(student.parameters, { momentum: 0.9, weightDecay: 0.5 }));
  const step = stack.use(new TrainingStep({ engine, student, terms: made, optimizer }, { seed: 0 }));
  return { student, step, terms: made };
}

for (const [name, method] of Object.entries(METHODS)) {
  const { losses, weights } = golden[name as keyof typeof golden];
  Deno.test(`${name}: ${losses.length} steps are PyTorch's`, async () => {
    using stack = new DisposableStack();
    const { student, step, terms } = await setUp(await testEngine(), method, stack);
    const objectives = terms.map(({ objective }) => objective);
    const views = Math.max(...objectives.map((objective) => objective.views));
    const seen = [...new Set(objectives.flatMap(teacherViewsOf))];
    const hasPatches = terms.some(({ stream }) => stream === 1);
    for (const [i, expected] of losses.entries()) {
      const batch = streamOf(i, numbered("view", views), SIZE, seen);
      const all = Array.from({ length: PATCHES }, (_, patch) => patch);
      const patches = hasPatches ? streamOf(i, numbered("patch", PATCHES), SIZE / 2, all) : null;
      const loss = await step.run(
        { ...batch, patches: patches ? [patches] : [] },
        learningRate(i, SCHEDULE),
        i,
      );
      tf.dispose([batch.views, batch.teacher, patches?.views ?? [], patches?.teacher ?? []]);
      assert.ok(Math.abs(loss - expected) <= 1e-4 * expected, `step ${i}: ${loss}, expected ${expected}`);
    }
    for (const [weight, expected] of Object.entries(weights)) {
      const { kind, variable } = student.parameters.find((parameter) => parameter.name === weight)!;
      const values = toTorch(await variable.data() as Float32Array, variable.shape, kind);
      assertFingerprint(weight, values, expected, { tolerance: 1e-3 });
    }
  });
}
