/**
 * The parts of the page that need no browser.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Random } from "@seed/core";
import { colorOf } from "./page/colors.js";
import { half, halves } from "./page/half.js";
import { ARROWS, nextTo, pictureAt } from "./page/map_points.js";
import { boundsOf, MapView } from "./page/map_view.js";
import { nearest, project, unit } from "./page/nearest.js";
import { pageFiles, runtimeFiles } from "./page_files.ts";

Deno.test("float16 is read by hand as the runtime reads it", () => {
  const all = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i), expected = new Float16Array(all.buffer);
  all.forEach((bits) => assert.ok(Object.is(half(bits), expected[bits]), `${bits}`));
  assert.deepEqual(halves(Float16Array.of(1, -0.5).buffer), Float32Array.of(1, -0.5));
});

Deno.test("the nearest rows come first, of equal ones the lower number", () => {
  const rows = Float32Array.of(1, 0, 0, 1, 0.6, 0.8, 0, 1, -1, 0);
  const { indices, similarities } = nearest(unit(Float32Array.of(0, 5)), rows, 4);
  assert.deepEqual([...indices as number[]], [1, 3, 2, 0]);
  [1, 1, 0.8, 0].forEach((value, i) => assert.ok(Math.abs(similarities[i] - value) < 1e-6));
  assert.deepEqual(nearest(unit(new Float32Array(2)), rows, 99).indices, [0, 1, 2, 3, 4]);
  assert.deepEqual(project(Float32Array.of(3, 5), Float32Array.of(1, 1, 1, 0, 0, 1)), [2, 4]);
});

Deno.test("zooming keeps what it points at in its place", () => {
  const view = new MapView(), random = new Random(0, "zoom"), bounds = boundsOf(Float32Array.of(-3, 2, 5, 9));
  Object.assign(view, { width: 800, height: 500 });
  for (let trial = 0; trial < 50; trial++) {
    const place = [random.uniform(-3, 5), random.uniform(2, 9)] as const,
      before = view.toScreen(...place, bounds);
    view.zoomAt(random.uniform(0.7, 1.6), before);
    const after = view.toScreen(...place, bounds);
    assert.ok(Math.hypot(after.x - before.x, after.y - before.y) < 1e-6);
    view.move(random.normal(), random.normal());
  }
  view.reset();
  const corner = view.toScreen(-3, 9, bounds);
  assert.ok(corner.x > 0 && corner.x < 50 && corner.y > 0 && corner.y < 50, "up is up");
  for (let i = 0; i < 100; i++) view.move(300, -300);
  assert.deepEqual(view.shift, { x: 400, y: -250 }, "never out of sight");
  for (let i = 0; i < 100; i++) view.zoomAt(2);
  assert.ok(view.zoom <= 60);
});

Deno.test("a point finds the picture below it, and keys the next in their direction", () => {
  const points = [{ x: 0, y: 0 }, { x: 10, y: 1 }, { x: 30, y: 0 }, { x: 1, y: -20 }, { x: 0, y: 0 }];
  assert.equal(pictureAt(points, { x: 1, y: 1 }, 5), 4, "the one that is drawn last");
  assert.equal(pictureAt(points, { x: 12, y: 0 }, 5), 1);
  assert.equal(pictureAt(points, { x: 100, y: 0 }, 5), null);
  assert.equal(nextTo(points, 0, ARROWS.ArrowRight), 1);
  assert.equal(nextTo(points, 1, ARROWS.ArrowRight), 2);
  assert.equal(nextTo(points, 0, ARROWS.ArrowUp), 3);
  assert.equal(nextTo(points, 2, ARROWS.ArrowRight), null);
});

Deno.test("classes have colours of their own", () => {
  const few = Array.from({ length: 10 }, (_, i) => colorOf(i, 10)),
    many = Array.from({ length: 300 }, (_, i) => colorOf(i, 300));
  assert.equal(new Set(few).size, 10);
  assert.ok(new Set(many).size > 250);
  assert.equal(colorOf(null, 10), null);
});

Deno.test("every file of the page is written, and asks for none that is not", async () => {
  const files = new Map(await pageFiles()), runtime = new Map(await runtimeFiles());
  const there = (await Array.fromAsync(Deno.readDir(new URL("page/", import.meta.url)))).map(({ name }) =>
    name
  );
  assert.deepEqual([...files.keys()].sort(), there.filter((name) => name !== "deno.json").sort());
  for (const [name, bytes] of files) {
    const text = new TextDecoder().decode(bytes);
    for (const [, path] of text.matchAll(/(?:from |href=|src=)"\.?\/?([^"]+\.(?:js|css|svg))"/g)) {
      assert.ok(files.has(path), `${name} asks for ${path}`);
    }
    for (const [, path] of text.matchAll(/here\("(runtime\/[^"]+)"\)/g)) {
      assert.ok(runtime.has(path), `${name} asks for ${path}`);
    }
    if (name.endsWith(".js") || name.endsWith(".html")) assert.doesNotMatch(text, /innerHTML|https?:/, name);
  }
});
