import assert from "node:assert/strict";
import { arraysOfStep } from "./memory_needs.ts";

Deno.test("a teacher's cache takes its embeddings in memory, and on disk the places of them", () => {
  const arraysOf = (cache: object) => {
    const objectives = [{ needs: { views: 2, teacherViews: [0, 1] } }];
    const recipe = { train: { batch_size: 16, epochs: 3 }, objectives, smallPatches: [], teacher: { cache } };
    return arraysOfStep(recipe as never, { teacherDim: 128, studentSides: [], teacherSides: [] } as never);
  };
  const path = ["teacher", "cache", "views"];
  assert.deepEqual(arraysOf({ views: 8, dir: null, precision: "fp16" }), [
    { path, shape: [16, 128], bytes: 2, copies: 3 * 2 },
  ]);
  assert.deepEqual(arraysOf({ views: 8, dir: "caches", precision: "fp16" }), [
    { path, shape: [16], bytes: 4, copies: 8 * 2 },
  ]);
});
