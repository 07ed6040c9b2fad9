import assert from "node:assert/strict";
import { type Matrix, nearestNeighbours } from "./neighbours.ts";
import { Random } from "../random.ts";
import { tf } from "../tf.ts";

function randomMatrix(random: Random, rows: number, dim: number): Matrix {
  return { data: Float32Array.from({ length: rows * dim }, () => random.normal()), dim };
}

const row = ({ data, dim }: Matrix, i: number) => [...data.subarray(i * dim, (i + 1) * dim)];
const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const cosine = (a: number[], b: number[]) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

Deno.test("nearestNeighbours() finds what sorting all similarities finds", async () => {
  for (let trial = 0; trial < 12; trial++) {
    const random = new Random(trial, "neighbours"), dim = 1 + random.below(12);
    // More queries than are compared at a time, in one trial.
    const queries = randomMatrix(random, trial === 0 ? 600 : 1 + random.below(40), dim);
    const gallery = randomMatrix(random, 1 + random.below(60), dim);
    const rows = gallery.data.length / dim, k = 1 + random.below(rows + 3); // at times more than there are
    const excludes = random.chance(0.5);
    const excluded = (query: number, i: number) => excludes && (query * 7 + i) % 3 === 0;
    const found = await nearestNeighbours(queries, gallery, { k, excluded });
    assert.equal(found.length, queries.data.length / dim);
    found.forEach(({ indices, similarities }, query) => {
      const allowed = Array.from({ length: rows }, (_, i) => i).filter((i) => !excluded(query, i));
      const of = (i: number) => cosine(row(queries, query), row(gallery, i));
      const sorted = allowed.map(of).sort((a, b) => b - a).slice(0, k);
      assert.equal(indices.length, sorted.length);
      assert.equal(new Set(indices).size, indices.length);
      indices.forEach((i, place) => {
        assert.ok(!excluded(query, i));
        // By value: float32 may swap two that are equal to its precision.
        assert.ok(Math.abs(of(i) - sorted[place]) < 1e-6, `trial ${trial}, query ${query}, place ${place}`);
        assert.ok(Math.abs(similarities[place] - sorted[place]) < 1e-6);
      });
    });
  }
});

Deno.test("of equally similar rows the lower numbers come first", async () => {
  // Vectors whose similarities float32 computes exactly.
  const gallery = { data: Float32Array.of(0, 1, 2, 0, 0, 3, 5, 0, 0, 1, 1, 0), dim: 2 };
  const query = { data: Float32Array.of(4, 0), dim: 2 };
  const [{ indices, similarities }] = await nearestNeighbours(query, gallery, { k: 5 });
  assert.deepEqual([...indices], [1, 3, 5, 0, 2]);
  assert.deepEqual([...similarities], [1, 1, 1, 0, 0]);
  const [fewer] = await nearestNeighbours(query, gallery, { k: 2 });
  assert.deepEqual([...fewer.indices], [1, 3]);
});

Deno.test("a row of zeros is similar to nothing", async () => {
  const matrix = { data: Float32Array.of(0, 0, 1, 0), dim: 2 };
  const [zeros, other] = await nearestNeighbours(matrix, matrix, { k: 2 });
  assert.deepEqual([...zeros.similarities], [0, 0]);
  assert.deepEqual([...other.similarities], [1, 0]);
});

Deno.test("a search is stopped by what happens outside it, as signals do, and keeps no tensors then", async () => {
  const random = new Random(3, "stopped"), rows = randomMatrix(random, 3000, 4), stop = new AbortController();
  const before = tf.memory().numTensors;
  setTimeout(() => stop.abort(new Error("stopped")), 1); // comes while it searches
  await assert.rejects(
    nearestNeighbours(rows, rows, { k: 3, signal: stop.signal }),
    /^Error: stopped$/,
  );
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("nearestNeighbours() keeps no tensors", async () => {
  const before = tf.memory().numTensors, random = new Random(0, "memory");
  await nearestNeighbours(randomMatrix(random, 300, 4), randomMatrix(random, 10, 4), { k: 3 });
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("rows near the ends of float32's range have the neighbours that others have", async () => {
  const random = new Random(1, "range"), rows = randomMatrix(random, 30, 5);
  const neighbours = async (factor: number) => {
    const matrix = { data: rows.data.map((value) => value * factor), dim: 5 };
    return (await nearestNeighbours(matrix, matrix, { k: 4 })).map(({ indices }) => [...indices]);
  };
  const expected = await neighbours(1);
  for (const factor of [2 ** 120, 2 ** 66, 2 ** -60]) {
    assert.deepEqual(await neighbours(factor), expected, `${factor}`);
  }
});

Deno.test("a row that is not finite is an error, in the gallery and in the queries", async () => {
  const whole = randomMatrix(new Random(2, "finite"), 9, 3);
  for (const value of [NaN, Infinity]) {
    const broken = { data: whole.data.with(7, value).with(20, value), dim: 3 };
    await assert.rejects(
      nearestNeighbours(whole, broken, { k: 1 }),
      /^RunError: 2 of 9 gallery rows are not finite, the first is row 2;/,
    );
    await assert.rejects(nearestNeighbours(broken, whole, { k: 1 }), /^RunError: 2 of 9 query rows/);
  }
});
