import assert from "node:assert/strict";
import { cardStep } from "./cards.ts";

Deno.test("one card has the speed that is assumed of it, with and without the teacher's part", () => {
  const at = { images: 256, bytes: 23e6 };
  assert.equal(Math.round(cardStep(1, { ...at, cached: true }).imagesPerSecond), 2489);
  assert.equal(Math.round(cardStep(1, { ...at, cached: false }).imagesPerSecond), 1685);
});

Deno.test("eight cards lose what their all-reduce takes", () => {
  const { step, allReduce, imagesPerSecond } = cardStep(8, { images: 256, bytes: 23.4e6, cached: true });
  // 7/8 of twice the bytes at 100 GB/s, and six stages.
  assert.ok(Math.abs(allReduce - (0.4095 + 0.12)) < 1e-9, `${allReduce}`);
  assert.ok(Math.abs(imagesPerSecond - 8 * 256e3 / (256e3 / 2489 + allReduce)) < 1e-6);
  assert.ok(Math.abs(step - (256e3 / 2489 + allReduce)) < 1e-9);
});
