/**
 * What a training loop asks of XLA's devices: what is uploaded, run and read in a step, and what it waits for.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Engine, type Parameter, Sgd, tf } from "@seed/core";
import objectivePlugin from "@seed/objective-seed";
import { FrozenTeacher } from "@seed/nn";
import { takeSteps } from "../core/run/loop.ts";
import { TrainingBatches } from "../core/run/training_batches.ts";
import { singleTerm } from "../core/training/loss_terms.ts";
import { scheduleOf } from "../core/training/schedule.ts";
import { TrainingStep } from "../core/training/training_step.ts";
import { fillNeeds } from "../core/recipe/objective_needs.ts";
import { planSteps } from "../core/views/sampler.ts";
import { streamsOf } from "../core/views/streams.ts";
import { viewSources } from "../core/views/view_source.ts";
import type { XlaEngine } from "../plugins/engines/xla/engine.ts";
import { FifoQueue } from "../plugins/queues/fifo/mod.ts";
import { objectiveContext } from "./support/objective_inputs.ts";
import { testContext } from "./support/engine.ts";
import { tinyStudent } from "./support/tiny_student.ts";
import { openXla } from "./support/xla_engine.ts";
import { testWithXla } from "./support/xla_plugin.ts";

/** A batch of views has 393,216 values, and the student's gradients too few to be worth a program of one operation. */
const BATCH = 32, SIZE = 64, DIM = 16, STEPS = 8, IMAGES = BATCH * STEPS;

/** Unit rows of the views' mean colours, by a matrix. */
function colourTeacher(engine: Engine): FrozenTeacher {
  const matrix = tf.randomNormal<tf.Rank.R2>([3, DIM], 0, 1, "float32", 3);
  const parameters = { tensors: [matrix], values: [], [Symbol.dispose]: () => matrix.dispose() };
  return new FrozenTeacher({
    ...{ name: "teacher", engine, precision: "fp32", embeddingDim: DIM, inputSize: null, weights: null! },
    parameters: parameters as unknown as ConstructorParameters<typeof FrozenTeacher>[0]["parameters"],
    forward: (images) => tf.matMul(tf.mean(tf.div(images, 255), [1, 2]) as tf.Tensor2D, matrix),
  });
}

/** Views that are there as soon as they are asked for. */
const pipeline = {
  waited: 0,
  async *batches(requests: Iterable<{ tag: unknown; images: { name: string }[] }>) {
    for (const { tag, images } of requests) {
      const first = Number(images[0].name);
      const pixels = Uint8Array.from(
        { length: BATCH * SIZE * SIZE * 3 },
        (_, i) => (i * 7 + first * (i % 5)) % 256,
      );
      yield { pixels, size: SIZE, tag };
    }
  },
};

/** The loop of SEED with a small student and teacher. */
async function seedLoop(engine: XlaEngine, accumulate: number) {
  using stack = new DisposableStack();
  const options = objectivePlugin.options.parse({}), needs = objectivePlugin.needs(options);
  const teacher = stack.use(colourTeacher(engine)),
    student = stack.use(tinyStudent({ seed: 1, teacherDim: DIM }));
  const queue = stack.use(new FifoQueue(16 * BATCH, DIM, 2));
  const objective = await objectivePlugin.create(options, {
    ...{ ...testContext, engine, ...objectiveContext(DIM) },
  });
  const optimizer = (parameters: readonly Parameter[]) =>
    new Sgd(parameters, { momentum: 0.9, weightDecay: 1e-4 });
  const terms = [singleTerm(objective, needs, queue)];
  const step = stack.use(new TrainingStep({ engine, student, terms, optimizer }, { seed: 0, accumulate }));
  const sources = viewSources(
    streamsOf({ objectives: [{ needs: fillNeeds(needs) }], smallPatches: [] }),
    { augmenters: [{ size: SIZE }], teacher },
  );
  const data = { train: { length: IMAGES, image: (i: number) => ({ name: `${i}`, file: "" }) } };
  const makers = { engine, teacher, pipeline, data } as unknown as ConstructorParameters<
    typeof TrainingBatches
  >[0];
  const batches = stack.use(new TrainingBatches(makers, { seed: 5, sources, caches: null, bags: null }));
  const plans = planSteps({
    ...{ images: IMAGES, batchSize: BATCH, shuffle: true, seed: 5, startStep: 0, endStep: STEPS },
  });
  const schedule = scheduleOf(
    { lr: 0.05, schedule: "constant", epochs: 1, batch_size: BATCH } as never,
    STEPS,
  );
  const owned = stack.move();
  return {
    steps: takeSteps(plans, { batches, step, schedule }),
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** What was asked of the devices since it was last taken, in its order. */
function watch({ backend }: XlaEngine) {
  const { client } = backend, { api, upload } = client, { call, ended, awaitNow } = api;
  const asked: string[] = [];
  client.upload = (data, ...rest) => {
    asked.push(data.byteLength >= BATCH * SIZE * SIZE * 3 / client.devices.length ? "images" : "numbers");
    return upload.call(client, data, ...rest);
  };
  api.call = (name, ...rest) => {
    if (name === "LoadedExecutable_Execute") asked.push("program");
    if (name === "Buffer_ToHostBuffer") asked.push("read");
    return call.call(api, name, ...rest) as never;
  };
  api.awaitNow = (event) => {
    asked.push("wait");
    awaitNow.call(api, event);
  };
  let held: PromiseWithResolvers<void> | null = null;
  api.ended = async (event) => {
    await held?.promise;
    await ended.call(api, event);
  };
  return {
    take: () => asked.splice(0),
    /** From now on nothing that runs or is read ends. */
    hold: () => void (held = Promise.withResolvers()),
    release() {
      held?.resolve();
      held = null;
    },
  };
}

/** What can be done meanwhile is done. */
const moment = () => new Promise((resolve) => setTimeout(resolve, 300));

const count = (asked: readonly string[], what: string) => asked.filter((one) => one === what).length;

for (const [devices, accumulate] of [[1, 1], [2, 1], [1, 2], [2, 2]]) {
  testWithXla(
    `a step reads the devices once, and JavaScript never waits for them: ${devices} devices, ${accumulate} parts`,
    async () => {
      await using engine = await openXla({ devices });
      const before = tf.memory().numTensors;
      {
        using loop = await seedLoop(engine, accumulate);
        const devicesAsked = watch(engine);
        let told = 0;
        for await (const { loss } of loop.steps) {
          assert.ok(Number.isFinite(loss));
          const asked = devicesAsked.take();
          if (++told < 3 || told > STEPS - 2) continue; // programs are made, or no more steps begin
          assert.deepEqual([count(asked, "read"), count(asked, "wait")], [1, 0], `${asked}`);
          // Of the host's: one batch of views, and the rate and the progress.
          assert.deepEqual(
            [count(asked, "images"), count(asked, "numbers")],
            [devices, 2 * devices],
            `${asked}`,
          );
        }
        assert.equal(told, STEPS);
      }
      assert.equal(tf.memory().numTensors, before);
    },
  );
}

testWithXla(
  "the next step is given to the devices, and the views of the one after, while one runs; then it is waited for",
  async () => {
    await using engine = await openXla();
    using loop = await seedLoop(engine, 1);
    const devicesAsked = watch(engine);
    for (let i = 0; i < 3; i++) await loop.steps.next();
    devicesAsked.hold();
    using _free = { [Symbol.dispose]: devicesAsked.release }; // whatever fails: the engine waits for what runs
    await loop.steps.next(); // was begun, and read, before; one more has begun now
    await moment();
    devicesAsked.take();
    let isTold = false;
    const next = loop.steps.next().then((step) => {
      isTold = true;
      return step;
    });
    await moment();
    const asked = devicesAsked.take();
    // Student and queue; of the views after: their cast, the teacher, its unit rows.
    assert.deepEqual([count(asked, "program"), count(asked, "images"), isTold], [5, 1, false], `${asked}`);
    devicesAsked.release();
    assert.equal((await next).value!.position.step, 4);
    await loop.steps.return(undefined);
  },
);
