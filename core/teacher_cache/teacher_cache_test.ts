import assert from "node:assert/strict";
import type { Teacher } from "../interfaces/teacher.ts";
import { MemoryStore, type ViewId } from "./embedding_store.ts";
import { TeacherCache } from "./teacher_cache.ts";
import { tf } from "../tf.ts";

await tf.setBackend("cpu");

/** A teacher of width 2 that counts its calls: `[image + call / 1000, view]`, from images that hold both. */
class CountingTeacher implements Teacher {
  readonly embeddingDim = 2;
  readonly inputSize = null;
  readonly weights = null;
  calls = 0;

  // deno-lint-ignore require-await
  async embed(images: tf.Tensor4D): Promise<tf.Tensor2D> {
    const offset = this.calls++ / 1000;
    return tf.tidy(() => tf.add(tf.reshape(images, [-1, 2]), [offset, 0]) as tf.Tensor2D);
  }

  [Symbol.dispose](): void {}
}

const cacheOf = (teacher: Teacher, images: number, views: number) =>
  new TeacherCache(teacher, new MemoryStore("fp32", images), images, views);

const ids = (...pairs: [image: number, view: number][]): ViewId[] =>
  pairs.map(([image, view]) => ({ image, view }));

/** Asks the cache for a batch as training does. */
async function ask(cache: TeacherCache, batch: ViewId[]): Promise<number[][]> {
  const images = cache.claim(batch)
    ? tf.tensor4d(batch.flatMap(({ image, view }) => [image, view]), [batch.length, 1, 1, 2])
    : null;
  const embedding = await cache.embed(batch, images);
  const rows = embedding.arraySync();
  images?.dispose();
  embedding.dispose();
  return rows.map((row) => row.map((value) => Math.round(value * 1000) / 1000));
}

Deno.test("the teacher sees each view once, and its rows come back in the batch's order", async () => {
  const teacher = new CountingTeacher(), cache = cacheOf(teacher, 4, 2);
  assert.deepEqual(await ask(cache, ids([0, 0], [1, 0])), [[0, 0], [1, 0]]);
  assert.deepEqual(await ask(cache, ids([2, 1], [3, 0])), [[2.001, 1], [3.001, 0]]);
  assert.deepEqual(await ask(cache, ids([3, 0], [0, 0])), [[3.001, 0], [0, 0]]);
  assert.equal(teacher.calls, 2);
});

Deno.test("a view's first embedding stays, also where a batch is embedded again for another's sake", async () => {
  const teacher = new CountingTeacher(), cache = cacheOf(teacher, 3, 1);
  await ask(cache, ids([0, 0], [1, 0]));
  assert.deepEqual(await ask(cache, ids([1, 0], [2, 0])), [[1, 0], [2.001, 0]]);
  assert.deepEqual(await ask(cache, ids([2, 0], [1, 0])), [[2.001, 0], [1, 0]]);
  assert.equal(teacher.calls, 2);
});

Deno.test("views that were asked for ahead are not asked for again", () => {
  const cache = cacheOf(new CountingTeacher(), 2, 1);
  assert.equal(cache.claim(ids([0, 0], [1, 0])), true);
  assert.equal(cache.claim(ids([1, 0], [0, 0])), false);
});

Deno.test("a cache is complete when every view of every image was asked for", () => {
  const cache = cacheOf(new CountingTeacher(), 2, 2);
  const complete = [ids([0, 0], [1, 0]), ids([1, 0], [0, 1]), ids([0, 1], [1, 1])].map((batch) => {
    cache.claim(batch);
    return cache.complete;
  });
  assert.deepEqual(complete, [false, false, true]);
});

Deno.test("a view that was computed is counted once: it is there, and asked for no more", async () => {
  const cache = cacheOf(new CountingTeacher(), 2, 2);
  await ask(cache, ids([0, 0], [1, 0]));
  assert.equal(cache.complete, false);
  await ask(cache, ids([0, 1], [1, 1]));
  assert.equal(cache.complete, true);
});

Deno.test("a view that is twice in a batch is kept once", async () => {
  const cache = cacheOf(new CountingTeacher(), 2, 1);
  assert.deepEqual(await ask(cache, ids([0, 0], [0, 0])), [[0, 0], [0, 0]]);
  assert.equal(cache.store.size, 1);
});

Deno.test("what is computed again, or was added by others meanwhile, is not counted as computed", async () => {
  const cache = cacheOf(new CountingTeacher(), 4, 1), batch = ids([0, 0], [1, 0], [2, 0]);
  const images = tf.zeros([3, 1, 1, 2]) as tf.Tensor4D;
  cache.store.add(ids([1, 0], [3, 0]), [new Float32Array(2), new Float32Array(2)]);
  assert.equal(await cache.compute(batch, images), 2);
  assert.equal(await cache.compute(batch, images), 0);
  images.dispose();
});

Deno.test("the cache keeps no tensors", async () => {
  const cache = cacheOf(new CountingTeacher(), 4, 1), before = tf.memory().numTensors;
  for (const batch of [ids([0, 0], [1, 0]), ids([1, 0], [0, 0]), ids([2, 0], [3, 0])]) {
    await ask(cache, batch);
  }
  assert.equal(tf.memory().numTensors, before);
});
