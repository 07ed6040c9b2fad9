import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { TracedBatches } from "./traced_batches.ts";

/** Sums of each image, by functions that take one shape, as graphs do; says which there are and were. */
function counted(options: { pads: boolean }) {
  const shapes: string[] = [], live = new Set<object>();
  let most = 0;
  const batches = new TracedBatches(() => {
    const token = {};
    let first: string | null = null;
    live.add(token);
    most = Math.max(most, live.size);
    return {
      // deno-lint-ignore require-await
      async call(images) {
        const shape = images.shape.join("x");
        if (first === null) shapes.push(first = shape);
        assert.ok(live.has(token), `The graph of ${first} was called after it was disposed`);
        assert.equal(shape, first);
        return [tf.tidy(() => tf.expandDims(tf.sum(images, [1, 2, 3]), 1))];
      },
      [Symbol.dispose]: () => void live.delete(token),
    };
  }, options);
  /** Images whose sums are their numbers, from 1 on. */
  const embed = async (rows: number, size: number) => {
    const values = Float32Array.from({ length: rows * size * size * 3 }, (_, i) => {
      const each = size * size * 3;
      return i % each === 0 ? i / each + 1 : 0;
    });
    const images = tf.tensor4d(values, [rows, size, size, 3]), sums = await batches.call(images);
    const [sum] = sums, result = [...sum.dataSync()], { shape } = sum;
    tf.dispose([images, sums]);
    assert.deepEqual(shape, [rows, 1]);
    assert.deepEqual(result, Array.from({ length: rows }, (_, i) => i + 1));
  };
  return { batches, shapes, live, embed, most: () => most };
}

Deno.test("a run with its batches, last batches, and evaluations needs one graph an image size", async () => {
  const { batches, shapes, embed, live } = counted({ pads: true });
  for (let step = 0; step < 3; step++) {
    await embed(8, 4);
    await embed(8, 2);
  }
  for (const [rows, size] of [[3, 4], [8, 4], [1, 2], [7, 2], [8, 2]]) await embed(rows, size);
  assert.deepEqual(shapes, ["8x4x4x3", "8x2x2x3"]);
  assert.equal(batches.size, 2);
  batches[Symbol.dispose]();
  assert.equal(live.size, 0);
});

Deno.test("of many shapes two graphs live at a time, those used last", async () => {
  const { batches, shapes, embed, most } = counted({ pads: true });
  for (const size of [1, 2, 3, 2, 4, 2]) await embed(2, size);
  assert.deepEqual(shapes, ["2x1x1x3", "2x2x2x3", "2x3x3x3", "2x4x4x3"]);
  assert.equal(most(), 2);
  await embed(2, 1); // again
  assert.equal(shapes.length, 5);
  assert.equal(most(), 2);
  batches[Symbol.dispose]();
});

Deno.test("shapes that keep coming in turns have a graph each in the end", async () => {
  const { batches, shapes, embed, most } = counted({ pads: true });
  for (let step = 0; step < 10; step++) for (const size of [1, 2, 3]) await embed(2, size);
  assert.equal(batches.size, 3);
  assert.equal(most(), 3);
  assert.ok(shapes.length <= 9, `${shapes.length} graphs were made`);
  batches[Symbol.dispose]();
});

Deno.test("a full batch has a graph of its own though a smaller one came first", async () => {
  const { batches, shapes, embed } = counted({ pads: true });
  for (const rows of [3, 8, 3, 5]) await embed(rows, 2);
  assert.deepEqual(shapes, ["3x2x2x3", "8x2x2x3"]);
  batches[Symbol.dispose]();
});

Deno.test("without graphs to save, smaller batches are not filled up", async () => {
  const { batches, shapes, embed } = counted({ pads: false });
  await embed(8, 2);
  await embed(3, 2);
  assert.deepEqual(shapes, ["8x2x2x3", "3x2x2x3"]);
  batches[Symbol.dispose]();
});

Deno.test("filling up keeps no tensors", async () => {
  const { batches, embed } = counted({ pads: true });
  await embed(8, 2);
  const { numTensors } = tf.memory();
  await embed(3, 2);
  assert.equal(tf.memory().numTensors, numTensors);
  batches[Symbol.dispose]();
});
