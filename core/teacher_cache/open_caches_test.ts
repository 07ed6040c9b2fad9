import assert from "node:assert/strict";
import { RunError } from "../errors.ts";
import { memoryLimit } from "../memory_limit.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { openTeacherCaches, type Taught } from "./open_caches.ts";

const FLOAT = 4, MOST_VALUES = 2 ** 31 - 1;

Deno.test("caches in memory that fit one by one and not together are refused", async () => {
  const limit = memoryLimit()!, images = Math.min(Math.floor(0.6 * limit / FLOAT), MOST_VALUES);
  const fitting = Math.floor(limit / (images * FLOAT)), host = { log() {}, signal: AbortSignal.abort() };
  /** As many caches, of the views and of small patches, each of one float an image. */
  const open = (caches: number) => {
    const recipe = {
      train: { epochs: 1 },
      teacher: { cache: { views: 1, dir: null, precision: "fp32" } },
      objectives: [{ needs: { views: 1, teacherViews: [0], neighbours: null } }],
      smallPatches: Array(caches - 1).fill({ count: 1 }),
    };
    const parts = {
      data: { train: { length: images } },
      teacher: { embeddingDim: 1, inputSize: null },
      augmenters: Array(caches).fill({ size: 8 }),
    };
    return openTeacherCaches(parts as unknown as Taught, recipe as unknown as Recipe, host);
  };
  using _caches = await open(fitting);
  await assert.rejects(open(fitting + 1), (error) => {
    assert.ok(error instanceof RunError);
    assert.match(error.message, /^The recipe needs .* at least \(teacher\.cache\.views \d+ x 1 floats /);
    assert.match(error.message, /this machine has .*; lower one of them, or set teacher\.cache\.dir$/);
    return true;
  });
});

Deno.test("a cache in memory has an array a view: together they may have more values than one may", async () => {
  const images = 2 ** 28,
    epochs = 16,
    recipe = {
      train: { epochs },
      teacher: { cache: { views: epochs, dir: null, precision: "fp16" } },
      objectives: [{ needs: { views: 1, teacherViews: [0], neighbours: null } }],
      smallPatches: [],
    };
  const parts = {
    data: { train: { length: images } },
    teacher: { embeddingDim: 1, inputSize: null },
    augmenters: [{ size: 8 }],
  };
  const opening = openTeacherCaches(
    parts as unknown as Taught,
    recipe as unknown as Recipe,
    { log() {}, signal: AbortSignal.abort() },
  );
  assert.ok(images * epochs > MOST_VALUES);
  if (memoryLimit()! < images * epochs * 2) {
    return await assert.rejects(opening, /needs 8\.6 GB, this machine has/);
  }
  using _caches = await opening;
});

Deno.test("a cache on disk whose places memory has no room for is refused before it is opened", async () => {
  const images = Math.floor(memoryLimit()! / 8) + 1;
  const recipe = {
    train: { epochs: 1 },
    teacher: { cache: { views: 2, dir: "nowhere", precision: "fp16" } },
    objectives: [{ needs: { views: 1, teacherViews: [0], neighbours: null } }],
    smallPatches: [],
  };
  const parts = {
    data: { train: { length: images } },
    teacher: { embeddingDim: 1, inputSize: null },
    augmenters: [{ size: 8 }],
  };
  const host = { log() {}, signal: AbortSignal.abort() };
  await assert.rejects(openTeacherCaches(parts as unknown as Taught, recipe as unknown as Recipe, host), {
    name: "RunError",
    message:
      /^teacher\.cache\.views 2 x \d+ values of 4 bytes needs .*; lower it, since the places of all embeddings on disk/,
  });
});
