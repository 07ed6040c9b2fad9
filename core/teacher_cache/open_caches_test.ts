import assert from "node:assert/strict";
import { RunError } from "../errors.ts";
import { memoryLimit } from "../memory_limit.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { openTeacherCaches, type Taught } from "./open_caches.ts";

const FLOAT = 4, HALF = 2, PLACE = 4, MOST_VALUES = 2 ** 31 - 1;

/** Opens the caches of a run in which each view, and as many small patches, has an embedding of one value. */
function open(given: {
  images: number;
  epochs: number;
  cache: { views: number; dir: string | null; precision: "fp16" | "fp32" };
  patches?: number;
}) {
  const { images, epochs, cache, patches = 0 } = given;
  const recipe = {
    train: { epochs },
    teacher: { cache },
    objectives: [{ needs: { views: 1, teacherViews: [0], neighbours: null } }],
    smallPatches: Array(patches).fill({ count: 1 }),
  };
  const parts = {
    data: { train: { length: images } },
    teacher: { embeddingDim: 1, inputSize: null },
    augmenters: Array(1 + patches).fill({ size: 8 }),
  };
  const host = { log() {}, signal: AbortSignal.abort() };
  return openTeacherCaches(parts as unknown as Taught, recipe as unknown as Recipe, host);
}

Deno.test("caches in memory that fit one by one and not together are refused", async () => {
  const limit = memoryLimit()!, images = Math.min(Math.floor(0.6 * limit / FLOAT), MOST_VALUES);
  const fitting = Math.floor(limit / (images * FLOAT));
  const caches = (count: number) =>
    open({ images, epochs: 1, cache: { views: 1, dir: null, precision: "fp32" }, patches: count - 1 });
  using _caches = await caches(fitting);
  await assert.rejects(caches(fitting + 1), (error) => {
    assert.ok(error instanceof RunError);
    assert.match(error.message, /^The recipe needs .* at least \(teacher\.cache\.views \d+ x 1 floats /);
    assert.match(error.message, /this machine has .*; lower one of them, or set teacher\.cache\.dir$/);
    return true;
  });
});

Deno.test("a cache in memory has an array a view: together they may have more values than one may", async () => {
  const images = 2 ** 28, epochs = 16;
  const opening = open({ images, epochs, cache: { views: epochs, dir: null, precision: "fp16" } });
  assert.ok(images * epochs > MOST_VALUES);
  if (memoryLimit()! < images * epochs * HALF) {
    return await assert.rejects(opening, /needs 8\.6 GB, this machine has/);
  }
  using _caches = await opening;
});

Deno.test("a cache on disk whose places memory has no room for is refused before it is opened", async () => {
  const views = 2, images = Math.floor(memoryLimit()! / (views * PLACE)) + 1;
  await assert.rejects(open({ images, epochs: 1, cache: { views, dir: "nowhere", precision: "fp16" } }), {
    name: "RunError",
    message:
      /^teacher\.cache\.views 2 x \d+ values of 4 bytes needs .*; lower it, since the places of all embeddings on disk/,
  });
});
