import assert from "node:assert/strict";
import { StandIns } from "./stand_ins.ts";

Deno.test("the next image that can be read stands in, after the last the first", () => {
  const { of, readable } = withBroken(8, [1, 2, 5, 7]);
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7].map(of), [0, 3, 3, 3, 4, 6, 6, 0]);
  assert.equal(readable, 4);
  assert.deepEqual([0, 1, 2].map(withBroken(3, [0, 2]).of), [1, 1, 1]);
  assert.deepEqual([0, 1].map(withBroken(2, []).of), [0, 1]);
  assert.throws(() => withBroken(2, [0, 1]), /^RunError: None of the 2 images to train on can be read/);
});

function withBroken(images: number, broken: number[]) {
  const standIns = new StandIns(images, broken);
  return { of: (image: number) => standIns.of(image), readable: standIns.readable };
}
