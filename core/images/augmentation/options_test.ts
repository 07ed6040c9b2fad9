import assert from "node:assert/strict";
import { Random } from "../../random.ts";
import { blurProblems } from "./options.ts";
import { RandomViews } from "./random_views.ts";

Deno.test("a blur that is too much for a teacher's larger views is refused; one that is not can be made", async () => {
  const sides = { studentSides: [32, 16], teacherSides: [224, 112] };
  const problems = (sigma: number, { size = 32, probability = 0.5, facts = sides } = {}) =>
    blurProblems({ size, blur: { sigma: [0.1, sigma], probability } }, facts);
  assert.deepEqual(problems(20), [{
    key: "blur.sigma",
    message:
      "Expected at most 17.8, got 20: the teacher sees views at 224 px instead of 32, blurred by up to 140 px, " +
      "and 125 are the most",
  }]);
  assert.equal(problems(20, { size: 16 }).length, 1, "of patches too");
  assert.deepEqual(problems(17.8), []);
  assert.deepEqual(problems(100, { probability: 0 }), []);
  assert.deepEqual(problems(100, { facts: { studentSides: [32], teacherSides: [] } }), []);

  const crop = { left: 0, top: 0, width: 8, height: 8 },
    picture = { data: new Uint8Array(3 * 8 * 8), width: 8, height: 8 };
  const seenAt224 = (sigma: number) =>
    new RandomViews(32, () => ({ crop, flip: false, operations: [{ kind: "blur", sigma }] }))
      .view(picture, new Random(0), 224);
  assert.equal((await seenAt224(17.8)).length, 3 * 224 * 224);
  await assert.rejects(seenAt224(20), /expected at most 125/);
});
