import assert from "node:assert/strict";
import type { Batch, BatchRequest } from "../images/pipeline/view_pipeline.ts";
import { Random } from "../random.ts";
import { fillNeeds } from "../recipe/objective_needs.ts";
import { disposeBatch } from "../training/step_batch.ts";
import { planSteps } from "../views/sampler.ts";
import { MemoryStore } from "../teacher_cache/embedding_store.ts";
import { TeacherCaches } from "../teacher_cache/open_caches.ts";
import { TeacherCache } from "../teacher_cache/teacher_cache.ts";
import { tf } from "../tf.ts";
import { TrainingBatches } from "./training_batches.ts";
import { streamsOf } from "../views/streams.ts";
import { type ViewSource, viewSources } from "../views/view_source.ts";

await tf.setBackend("cpu");

const IMAGES = 10, BATCH = 4;

/** Makes one-pixel views of the key's colour; like the real one it makes batches ahead and uses buffers again. */
class FakePipeline {
  readonly requests: BatchRequest[] = [];

  async *batches<Tag>(requests: Iterable<BatchRequest<Tag>>): AsyncGenerator<Batch<Tag>> {
    const ahead: BatchRequest<Tag>[] = [],
      source = requests[Symbol.iterator](),
      buffer = new Uint8Array(3 * BATCH * 4);
    for (;;) {
      while (ahead.length < 3) {
        const { done, value } = source.next();
        if (done) break;
        ahead.push(value);
      }
      const request = ahead.shift();
      if (!request) return;
      this.requests.push(request);
      await Promise.resolve();
      const bytes = request.size ** 2 * 3, pixels = buffer.subarray(0, BATCH * bytes);
      request.keys!.forEach((key, i) =>
        pixels.fill(new Random(...key).below(256), i * bytes, (i + 1) * bytes)
      );
      yield { pixels, size: request.size, tag: request.tag! };
      buffer.fill(0); // whoever reads it now comes too late
    }
  }
}

/** A teacher whose rows depend a little on the rest of the batch, as a real one's may in their last bits. */
const TEACHER = {
  embeddingDim: 1,
  inputSize: null as number | null,
  calls: 0,
  // deno-lint-ignore require-await
  async embed(images: tf.Tensor4D) {
    this.calls++;
    return tf.tidy(() => {
      const own = tf.mean(tf.reshape(images, [BATCH, -1]), 1, true);
      return tf.add(own, tf.mul(tf.mean(own), 1e-3)) as tf.Tensor2D;
    });
  },
};

interface Options {
  views?: number | null;
  teacherSize?: number | null;
  usesTeacher?: boolean;
  count?: number;
}

function make({ views, teacherSize = null, usesTeacher = true, count = 1 }: Options) {
  const pipeline = new FakePipeline(), teacher = { ...TEACHER, inputSize: teacherSize };
  const makers = {
    pipeline,
    teacher,
    data: { train: { length: IMAGES, image: (i: number) => ({ name: `${i}`, file: "" }) } },
    engine: { upload: (pixels: Uint8Array, shape: number[]) => tf.tensor(Float32Array.from(pixels), shape) },
  } as unknown as ConstructorParameters<typeof TrainingBatches>[0];
  const teacherViews = usesTeacher ? [0, 1].slice(0, count) : [];
  const objectives = [{ needs: fillNeeds({ views: count, teacherViews }) }];
  const sources = viewSources(streamsOf({ objectives, smallPatches: [] }), {
    augmenters: [{ size: 1 }],
    teacher,
  });
  const caches = views ? cachesOf(teacher, views, sources[0]) : null;
  return {
    batches: new TrainingBatches(makers, { seed: 5, sources, caches, bags: null }),
    pipeline,
    teacher,
  };
}

function cachesOf(teacher: typeof TEACHER, views: number, source: ViewSource) {
  const caches = new TeacherCaches(views), store = new MemoryStore("fp32", IMAGES);
  caches.set(source, new TeacherCache(teacher, store, IMAGES, views * source.teacherViews.length));
  return caches;
}

const never = new AbortController().signal;

const plans = (startStep: number, endStep: number) =>
  planSteps({ images: IMAGES, batchSize: BATCH, shuffle: true, seed: 5, startStep, endStep });

/** Everything that steps are given. */
async function collect(batches: TrainingBatches, startStep: number, endStep: number) {
  const steps = [];
  for await (const { plan, batch } of batches.deliver(plans(startStep, endStep))) {
    const { views, teacherEmbeddings } = batch.views;
    assert.equal(plan.step, startStep + steps.length);
    steps.push({
      views: views.map((view) => view.arraySync()),
      teacher: teacherEmbeddings.map((rows) => rows.arraySync()),
    });
    disposeBatch(batch);
  }
  return steps;
}

Deno.test("teacher and student see the same view, whatever sizes they want", async () => {
  const { batches, pipeline } = make({ teacherSize: 2 });
  const [{ views, teacher }] = await collect(batches, 0, 1);
  assert.deepEqual(pipeline.requests.map(({ size }) => size), [1, 2]);
  assert.deepEqual(pipeline.requests[1].keys, pipeline.requests[0].keys);
  const colors = views[0].map((view) => view[0][0][0]), mean = colors.reduce((a, b) => a + b) / BATCH;
  teacher[0].forEach(([value], i) => assert.ok(Math.abs(value - colors[i] - 1e-3 * mean) < 1e-3));
});

Deno.test("views are new at every epoch and for every view of a step", async () => {
  const { batches, pipeline } = make({ count: 2 });
  await collect(batches, 0, 6);
  const keys = pipeline.requests.flatMap((request) => request.keys!.map((key) => key.join()));
  assert.equal(new Set(keys).size, keys.length);
});

Deno.test("fixed views come back after as many epochs, and the teacher rests", async () => {
  const { batches, pipeline, teacher } = make({ views: 2 });
  await collect(batches, 0, 40);
  const keys = pipeline.requests.flatMap((request) => request.keys!.map((key) => key.join()));
  assert.ok(new Set(keys).size <= 2 * IMAGES);
  assert.ok(teacher.calls < 20, `the teacher was called ${teacher.calls} times in 40 steps`);
});

Deno.test("an objective without a teacher calls none", async () => {
  const { batches, teacher } = make({ usesTeacher: false, count: 2 });
  const [step] = await collect(batches, 0, 1);
  assert.equal(step.views.length, 2);
  assert.deepEqual(step.teacher, []);
  assert.equal(teacher.calls, 0);
});

Deno.test("from any step on, batches are those of the whole run, once the cache is recalled", async () => {
  for (const options of [{}, { views: 1 }, { views: 2 }, { views: 2, count: 2, teacherSize: 2 }]) {
    const whole = await collect(make(options).batches, 0, 14);
    for (const start of [1, 3, 7, 13]) {
      const { batches } = make(options);
      await batches.recall(plans(0, start), never);
      assert.deepEqual(
        await collect(batches, start, 14),
        whole.slice(start),
        JSON.stringify({ options, start }),
      );
    }
  }
});

Deno.test("without a recall they would not be: the teacher's rows depend on their batch", async () => {
  const whole = await collect(make({ views: 1 }).batches, 0, 14);
  assert.notDeepEqual(await collect(make({ views: 1 }).batches, 7, 14), whole.slice(7));
});

Deno.test("a recall that is interrupted stops before the next batch", async () => {
  const before = tf.memory().numTensors, abort = new AbortController(), reason = new Error("enough");
  const { batches, teacher } = make({ views: 1 });
  const embed = teacher.embed;
  teacher.embed = function (images) {
    abort.abort(reason);
    return embed.call(this, images);
  };
  await assert.rejects(batches.recall(plans(0, 6), abort.signal), reason);
  assert.equal(teacher.calls, 1);
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("delivering, leaving off and recalling keep no tensors", async () => {
  const before = tf.memory().numTensors, { batches } = make({ views: 1, teacherSize: 2 });
  await batches.recall(plans(0, 2), never);
  for await (const { batch } of batches.deliver(plans(2, 8))) {
    disposeBatch(batch);
    break;
  }
  assert.equal(tf.memory().numTensors, before);
});
