import assert from "node:assert/strict";
import { nearestNeighbours, Random, tf } from "@seed/core";
import { principalComponents } from "@seed/core/host";
import { alignedTo } from "./align.ts";
import { withoutGaps } from "./gaps.ts";
import { mapsOf } from "./maps.ts";

const signal = new AbortController().signal;

/** Rows near one of a few directions that have nothing in common, of length 1. */
function groups(count: number, of: number) {
  const dim = 12, random = new Random(1, "groups"), data = new Float32Array(count * of * dim);
  for (let row = 0; row < count * of; row++) {
    const values = Array.from(
      { length: dim },
      (_, i) => (i === row % count ? 1 : 0) + random.normal(0, 0.05),
    );
    const length = Math.hypot(...values);
    data.set(values.map((value) => value / length), row * dim);
  }
  return { data, dim };
}

Deno.test("near rows are near on both maps, and a seed gives the same ones", async () => {
  await tf.setBackend("cpu");
  const count = 3, rows = groups(count, 20);
  const nearest = await nearestNeighbours(rows, rows, { k: 16, excluded: (a, b) => a === b });
  const made = await mapsOf(rows, nearest, { seed: 3, like: null, signal });
  for (const places of [made.umap, made.pca]) {
    for (let row = 0; row < 60; row++) {
      const far = (other: number) =>
        other === row
          ? Infinity
          : Math.hypot(places[2 * row] - places[2 * other], places[2 * row + 1] - places[2 * other + 1]);
      const [closest] = Array.from({ length: 60 }, (_, other) => other).sort((a, b) => far(a) - far(b));
      assert.equal(closest % count, row % count, `row ${row}`);
    }
  }
  assert.deepEqual((await mapsOf(rows, nearest, { seed: 3, like: null, signal })).umap, made.umap);
  assert.notDeepEqual((await mapsOf(rows, nearest, { seed: 4, like: null, signal })).umap, made.umap);
});

Deno.test("rows that are all the same have a map, too", async () => {
  await tf.setBackend("cpu");
  const rows = { data: new Float32Array(8 * 4).fill(0.5), dim: 4 };
  const nearest = await nearestNeighbours(rows, rows, { k: 7, excluded: (a, b) => a === b });
  const { umap, pca, components } = await mapsOf(rows, nearest, { seed: 0, like: null, signal });
  assert.ok(umap.every(Number.isFinite));
  assert.deepEqual([...pca], Array(16).fill(0));
  assert.deepEqual(components.shares, [0, 0]);
});

Deno.test("UMAP stops when it is asked to", async () => {
  await tf.setBackend("cpu");
  const rows = groups(2, 8),
    nearest = await nearestNeighbours(rows, rows, { k: 5, excluded: (a, b) => a === b });
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("stopped")), 1); // comes while it computes
  await assert.rejects(
    mapsOf(rows, nearest, { seed: 0, like: null, signal: stop.signal }),
    /^Error: stopped$/,
  );
});

Deno.test("directions are at right angles and of length 1, the first of most variance", async () => {
  const { directions: [first, second], shares } = await principalComponents(groups(3, 30), 2, signal);
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  for (
    const [product, expected] of [[dot(first, first), 1], [dot(second, second), 1], [dot(first, second), 0]]
  ) {
    assert.ok(Math.abs(product - expected) < 1e-12);
  }
  assert.ok(shares[0] >= shares[1] && shares[0] + shares[1] <= 1);
});

Deno.test("a map is turned and mirrored back, at its own scale", () => {
  const random = new Random(2, "map"), reference = Float32Array.from({ length: 40 }, () => random.normal());
  const turned = (angle: number, mirror: 1 | -1) =>
    reference.map((_, i) => {
      const x = 3 * reference[i - i % 2] + 7, y = mirror * 3 * reference[i - i % 2 + 1] - 2;
      return i % 2 ? Math.sin(angle) * x + Math.cos(angle) * y : Math.cos(angle) * x - Math.sin(angle) * y;
    });
  const mean = [0, 1].map((axis) => reference.filter((_, i) => i % 2 === axis).reduce((a, b) => a + b) / 20);
  for (const [angle, mirror] of [[0, 1], [1, 1], [-2.5, 1], [0.7, -1], [3, -1]] as const) {
    const back = alignedTo(turned(angle, mirror), reference);
    back.forEach((value, i) =>
      assert.ok(Math.abs(value - 3 * (reference[i] - mean[i % 2])) < 1e-4, `${angle} ${mirror} ${i}`)
    );
  }
});

Deno.test("empty strips are shortened, and groups stay as they are", () => {
  const group = [0, 0, 1, 0.5, 2, 1, 3, 1.5, 4, 2, 5, 2.5, 6, 3, 7, 3.5, 8, 4, 9, 4.5, 10, 5];
  const places = Float32Array.from([...group, ...group.map((value, i) => value + (i % 2 ? 200 : 1000))]);
  const shorter = withoutGaps(places), half = group.length;
  const most = [0, 1].map((axis) => Math.max(...shorter.filter((_, i) => i % 2 === axis)));
  assert.ok(most[0] < 100 && most[1] < 40, `${most}`);
  for (const from of [0, half]) {
    const moved = shorter.subarray(from, from + half).map((value, i) => value - shorter[from + i % 2]);
    moved.forEach((value, i) => assert.ok(Math.abs(value - group[i]) < 1e-3, `${i}`));
  }
  const even = Float32Array.from(group);
  assert.deepEqual(withoutGaps(even.map((value) => value * 0.3 + 1)).length, even.length);
});
