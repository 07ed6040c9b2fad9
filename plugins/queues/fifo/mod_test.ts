import assert from "node:assert/strict";
import { Random, tf } from "@seed/core";
import { testEngine } from "../../../tests/support/engine.ts";
import plugin, { FifoQueue } from "./mod.ts";

/** Rows that say which they are. */
const batch = (first: number, rows: number, dim: number) =>
  tf.tensor2d(Float32Array.from({ length: rows * dim }, (_, i) => first + Math.floor(i / dim)), [rows, dim]);

const firstColumn = async (queue: FifoQueue) =>
  (await queue.embeddings.array() as number[][]).map(([x]) => x);

for (const traced of [false, true]) {
  Deno.test(`the queue holds the newest rows, oldest out first, ${traced ? "traced" : "eager"}`, async () => {
    const engine = await testEngine();
    for (let trial = 0; trial < 8; trial++) {
      const random = new Random(trial, "fifo"), rows = 1 + random.below(5), dim = 1 + random.below(4);
      using queue = new FifoQueue(rows * (1 + random.below(4)), dim, trial);
      using enqueue = engine.trace((x) => {
        queue.enqueue(x as tf.Tensor2D);
        return [tf.neg(x)];
      }, { name: "enqueue" });
      const model = await firstColumn(queue); // slots, as an array
      for (let step = 0; step < 9; step++) {
        const x = batch(100 + step * rows, rows, dim), at = step * rows % queue.size;
        if (traced) tf.dispose(await enqueue.call(x));
        else queue.enqueue(x);
        for (let i = 0; i < rows; i++) model[at + i] = 100 + step * rows + i;
        assert.deepEqual(await firstColumn(queue), model, `trial ${trial}, step ${step}`);
        assert.equal((await queue.pointer.data())[0], (at + rows) % queue.size);
        x.dispose();
      }
    }
  });
}

Deno.test("the queue starts full of unit rows that depend on the seed alone", async () => {
  await testEngine();
  using a = new FifoQueue(64, 16, 1), b = new FifoQueue(64, 16, 1), other = new FifoQueue(64, 16, 2);
  const rows = await a.embeddings.array() as number[][];
  for (const row of rows) assert.ok(Math.abs(Math.hypot(...row) - 1) < 1e-6);
  assert.deepEqual(await b.embeddings.array(), rows);
  assert.notDeepEqual(await other.embeddings.array(), rows);
  // Random directions: the mean is near the origin (its length is about 1 / 8).
  const mean = rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / 64);
  assert.ok(Math.hypot(...mean) < 0.3);
});

Deno.test("a size that the batch does not divide is refused with sizes that would do", () => {
  const check = (size: number, batchSize: number) =>
    plugin.check!({ size }, { batchSize, queueRows: batchSize } as never);
  assert.deepEqual(check(96, 32), []);
  assert.match(check(100, 32)[0].message, /size 100 is not a multiple of train.batch_size 32; use 96 or 128/);
  assert.match(check(10, 32)[0].message, /use 32$/);
  const [{ message }] = plugin.check!({ size: 96 }, { batchSize: 32, queueRows: 64 } as never);
  assert.match(message, /size 96 is not a multiple of the 64 rows that enter it at a step; use 64 or 128$/);
});
