import assert from "node:assert/strict";
import { fixedViews } from "./view_source.ts";

Deno.test("an image's fixed views are numbered through, step by step; the teacher sees some of them", () => {
  const source = {
    views: 3,
    teacherViews: [0, 2],
  };
  assert.deepEqual(fixedViews(source, 2), [0, 2, 3, 5]);
});
