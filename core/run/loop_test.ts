import assert from "node:assert/strict";
import { FifoQueue } from "../../plugins/queues/fifo/mod.ts";
import { eagerEngine, queuingEagerEngine } from "../../tests/support/eager_engine.ts";
import { smallStudent } from "../conformance/small_student.ts";
import type { Engine } from "../interfaces/engine.ts";
import type { Objective } from "../interfaces/objective.ts";
import { tf } from "../tf.ts";
import { singleTerm } from "../training/loss_terms.ts";
import { NotFiniteError } from "../training/not_finite.ts";
import { Sgd } from "../training/optimizers/sgd.ts";
import { scheduleOf } from "../training/schedule.ts";
import { TrainingStep } from "../training/training_step.ts";
import { WeightAverage } from "../training/weight_average.ts";
import type { StepPlan } from "../views/sampler.ts";
import { takeSteps } from "./loop.ts";
import type { TrainingBatches } from "./training_batches.ts";

const engines = { "at once": await eagerEngine(), "one late": await queuingEagerEngine() };
const STEPS = 6, DIM = 6;

/** The squared distance to the teacher's rows, which are enqueued. */
const objective: Objective = {
  loss: ({ studentEmbeddings: [z], teacherEmbeddings: [zT] }) => ({
    loss: tf.mean(tf.square(tf.sub(z, zT))) as tf.Scalar,
    enqueue: zT,
  }),
};

interface Setup {
  /** Number of the step whose rows of the teacher's are no numbers. */
  broken?: number;
  /** Number of the step whose views cannot be made. */
  missing?: number;
  accumulate?: number;
  pausesAfter?: (step: number) => boolean;
}

/** Steps of a small student. `happened` has what began and what was told, in its order. */
function setUp(engine: Engine, { broken, missing, accumulate = 1, pausesAfter }: Setup = {}) {
  const student = smallStudent({ seed: 1 }), queue = new FifoQueue(16, DIM, 2);
  const average = new WeightAverage(smallStudent({ seed: 1 }), 0.9);
  const terms = [singleTerm(objective, { teacherViews: [0], queue: true }, queue)];
  const step = new TrainingStep({
    ...{ engine, student, terms, average },
    optimizer: (parameters) => new Sgd(parameters, { momentum: 0.9, weightDecay: 0 }),
  }, { seed: 0, accumulate });
  const happened: string[] = [], { begin } = step;
  step.begin = (batch, position) => {
    happened.push(`begins ${position.step + 1}`);
    return begin.call(step, batch, position);
  };
  const batches = {
    async *deliver(plans: Iterable<StepPlan>) {
      for (const plan of plans) {
        if (plan.step === missing) throw new Error("A picture is gone");
        const images = tf.randomUniform([4, 4, 4, 3], 0, 255, "float32", 1 + plan.step) as tf.Tensor4D;
        const rows = tf.tidy(() =>
          tf.mul(tf.randomNormal([4, DIM], 0, 1, "float32", 1 + plan.step), plan.step === broken ? NaN : 1)
        ) as tf.Tensor2D;
        yield { plan, batch: { views: { views: [images], teacherEmbeddings: [rows], teacherMaps: [] } } };
      }
    },
  } as unknown as TrainingBatches;
  const plans = Array.from({ length: STEPS }, (_, step) => ({ step, epoch: 0, images: [] }) as StepPlan);
  const schedule = scheduleOf({ lr: 0.05, schedule: "constant", epochs: 1, batch_size: 4 } as never, STEPS);
  const variables = [
    ...[...student.parameters, ...step.optimizer.state, ...average.parameters].map(({ variable }) =>
      variable
    ),
    ...[queue.embeddings, queue.pointer] as tf.Variable[],
  ];
  return {
    happened,
    /** Takes steps until one was told of, all by default; gives the losses. */
    async take(last = Infinity): Promise<number[]> {
      const losses: number[] = [];
      for await (const { loss, position } of takeSteps(plans, { batches, step, schedule, pausesAfter })) {
        happened.push(`tells ${position.step + 1}`);
        losses.push(loss);
        if (position.step + 1 === last) break;
      }
      return losses;
    },
    state: () => variables.map((variable) => [...variable.dataSync()]),
    [Symbol.dispose]: () => [step, average, student, queue].forEach((part) => part[Symbol.dispose]()),
  };
}

/** What steps read at once leave behind. */
async function stateAfter(steps: number, options: Setup = {}) {
  using run = setUp(engines["at once"], options);
  await run.take(steps);
  return run.state();
}

for (const accumulate of [1, 2]) {
  Deno.test(`steps read one late are those read at once, in ${accumulate} parts`, async () => {
    using atOnce = setUp(engines["at once"], { accumulate }),
      late = setUp(engines["one late"], { accumulate });
    assert.deepEqual(await late.take(), await atOnce.take());
    assert.deepEqual(late.state(), atOnce.state());
  });
}

Deno.test("where calls are queued a step begins before the one before is told of, but not when somebody looks", async () => {
  const pausesAfter = (step: number) => step === 3;
  using late = setUp(engines["one late"], { pausesAfter }), atOnce = setUp(engines["at once"]);
  await Promise.all([late, atOnce].map((run) => run.take()));
  const order = (numbers: string) =>
    numbers.split(" ").map((word) => `${word[0] === "b" ? "begins" : "tells"} ${word[1]}`);
  assert.deepEqual(late.happened, order("b1 b2 t1 b3 t2 t3 b4 b5 t4 b6 t5 t6"));
  assert.deepEqual(atOnce.happened, order("b1 t1 b2 t2 b3 t3 b4 t4 b5 t5 b6 t6"));
});

for (const [when, engine] of Object.entries(engines)) {
  Deno.test(`read ${when}: whoever leaves off finds the state after the last step that he was told of`, async () => {
    for (const last of [1, 4]) {
      using run = setUp(engine);
      await run.take(last);
      assert.deepEqual(run.state(), await stateAfter(last));
    }
  });

  Deno.test(`read ${when}: a step that is not finite is told with its origin, and all is as before it`, async () => {
    for (const [broken, accumulate] of [[0, 1], [3, 1], [3, 2], [STEPS - 1, 1]]) {
      using run = setUp(engine, { broken, accumulate });
      const tensors = tf.memory().numTensors, before = run.state();
      await assert.rejects(run.take(), (error: Error) => {
        assert.ok(error instanceof NotFiniteError, `${error.stack}`);
        assert.match(error.message, /the teacher's embeddings of 4 of 4 images are not finite$/);
        return true;
      });
      assert.equal(run.happened.filter((what) => what.startsWith("tells")).length, broken);
      assert.deepEqual(run.state(), broken === 0 ? before : await stateAfter(broken, { accumulate }));
      assert.equal(tf.memory().numTensors, tensors);
    }
  });

  Deno.test(`read ${when}: views that cannot be made leave the state after the last step that was told of`, async () => {
    using run = setUp(engine, { missing: 3 });
    await assert.rejects(run.take(), /A picture is gone/);
    const told = run.happened.filter((what) => what.startsWith("tells")).length;
    assert.deepEqual(run.state(), await stateAfter(told));
  });
}
