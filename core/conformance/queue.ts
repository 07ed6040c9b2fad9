import assert from "node:assert/strict";
import type { Engine } from "../interfaces/engine.ts";
import type { Queue } from "../interfaces/queue.ts";
import { tf } from "../tf.ts";
import { copyValue } from "../engine/own_data.ts";
import { assertFlat, variableCount } from "./memory.ts";
import { assertUnitRows } from "./numbers.ts";
import type { Steps } from "./steps.ts";

/** A queue to check. */
export interface QueueSubject {
  engine: Engine;
  /** Makes a queue of `size` slots, if the kind has a size at all. */
  make(
    options: { size: number; embeddingDim: number; batchSize: number; seed: number },
  ): Promise<Queue> | Queue;
}

const DIM = 4, BATCH = 3, SIZE = 12;

/**
 * Checks what {@link Queue} promises: unit rows in slot order, the oldest overwritten first, all state in
 * `embeddings` and `pointer`.
 */
export async function checkQueue(t: Steps, { engine, make }: QueueSubject): Promise<void> {
  const tensorsBefore = tf.memory().numTensors, variablesBefore = variableCount();
  const options = { size: SIZE, embeddingDim: DIM, batchSize: BATCH, seed: 0 };
  const queue = await make(options), variables = variableCount() - variablesBefore;
  const traced = engine.trace((batch) => {
    queue.enqueue(batch as tf.Tensor2D);
    return [];
  }, { name: "enqueue" });

  const rows = (of = queue) => of.embeddings.arraySync();
  const pointer = (of = queue) => of.pointer.dataSync()[0];
  const enqueue = async (number: number) => {
    const batch = tf.tensor2d(batchOf(number));
    await traced.call(batch);
    batch.dispose();
  };

  await t.step("starts full of unit rows that depend on the seed alone, its pointer at 0", async () => {
    assert.deepEqual([queue.size, queue.embeddingDim], [SIZE, DIM]);
    assert.deepEqual([queue.embeddings.shape, queue.pointer.shape], [[SIZE, DIM], []]);
    assert.equal(queue.pointer.dtype, "int32");
    assert.equal(pointer(), 0);
    assertUnitRows(queue.embeddings.dataSync(), DIM, "queue");
    using again = await make(options);
    using other = await make({ ...options, seed: 1 });
    assert.deepEqual(rows(again), rows());
    assert.notDeepEqual(rows(other), rows());
  });
  await t.step("holds all its state in embeddings and pointer, which are not trained", () => {
    assert.equal(variables, 2);
    assert.ok(!queue.embeddings.trainable && !queue.pointer.trainable);
  });
  await t.step("overwrites the oldest rows, and begins anew at its end", async () => {
    const expected = rows();
    for (let number = 0; number < 2 * SIZE / BATCH + 1; number++) {
      await enqueue(number);
      const first = number * BATCH % SIZE;
      expected.splice(first, BATCH, ...batchOf(number));
      assert.deepEqual(rows(), expected);
      assert.equal(pointer(), (first + BATCH) % SIZE);
    }
  });
  await t.step("leaves rows that somebody else holds as they were", async () => {
    const expected = rows(), before = queue.embeddings.clone(), pointerBefore = pointer();
    await enqueue(60);
    assert.deepEqual(before.arraySync(), expected);
    queue.embeddings.assign(before);
    tf.tidy(() => queue.pointer.assign(tf.scalar(pointerBefore, "int32")));
    before.dispose();
    assert.deepEqual([rows(), pointer()], [expected, pointerBefore]);
  });
  await t.step("goes on from a state that is put into another one", async () => {
    using other = await make({ ...options, seed: 1 });
    copyValue(other.embeddings as tf.Variable, queue.embeddings as tf.Variable);
    copyValue(other.pointer as tf.Variable, queue.pointer as tf.Variable);
    tf.tidy(() => other.enqueue(tf.tensor2d(batchOf(50)))); // not traced, too
    await enqueue(50);
    assert.deepEqual([rows(other), pointer(other)], [rows(), pointer()]);
  });
  await t.step("takes a whole queue at a time", async () => {
    using whole = await make({ ...options, batchSize: SIZE });
    const batch = [0, 1, 2, 3].flatMap(batchOf);
    tf.tidy(() => whole.enqueue(tf.tensor2d(batch)));
    assert.deepEqual([rows(whole), pointer(whole)], [batch, 0]);
  });
  await t.step("keeps no tensors", async () => {
    let number = 0;
    await assertFlat(() => enqueue(number++));
  });
  await t.step("frees everything when it is disposed of", () => {
    traced[Symbol.dispose]();
    queue[Symbol.dispose]();
    assert.equal(tf.memory().numTensors, tensorsBefore);
  });
}

/** Unit rows that tell by their signs and places which batch and row they are of; exact in float32. */
function batchOf(number: number): number[][] {
  return Array.from({ length: BATCH }, (_, row) => {
    const bits = number * BATCH + row + 1;
    return Array.from({ length: DIM }, (_, i) => (bits >> i & 1 ? 1 : -1) * 0.5);
  });
}
