import assert from "node:assert/strict";
import { planSteps, type StepPlan } from "./sampler.ts";

const OPTIONS = { images: 23, batchSize: 5, shuffle: true, seed: 3, startStep: 0, endStep: 12 };
const plan = (
  changed: Partial<typeof OPTIONS> = {},
): StepPlan[] => [...planSteps({ ...OPTIONS, ...changed })];

const imagesOf = (plans: StepPlan[], epoch: number) =>
  plans.filter((step) => step.epoch === epoch).flatMap(({ images }) => images);

Deno.test("an epoch shows every image at most once, and as many as fill its batches", () => {
  for (const epoch of [0, 1, 2]) {
    const seen = imagesOf(plan(), epoch);
    assert.equal(seen.length, 20);
    assert.equal(new Set(seen).size, 20);
    assert.ok(seen.every((image) => Number.isInteger(image) && image >= 0 && image < 23));
  }
});

Deno.test("an epoch without a rest is a permutation of the images", () => {
  const seen = imagesOf(plan({ images: 20 }), 1);
  assert.deepEqual(seen.toSorted((a, b) => a - b), Array.from({ length: 20 }, (_, i) => i));
});

Deno.test("epochs differ, and leave out other images", () => {
  const plans = plan();
  assert.notDeepEqual(imagesOf(plans, 0), imagesOf(plans, 1));
  assert.notDeepEqual(imagesOf(plans, 0).toSorted(), imagesOf(plans, 1).toSorted());
  assert.notDeepEqual(plan({ seed: 4 })[0].images, plans[0].images);
});

Deno.test("a plan from any step on is the rest of the whole plan", () => {
  const whole = plan();
  for (let step = 0; step <= 12; step++) assert.deepEqual(plan({ startStep: step }), whole.slice(step));
});

Deno.test("steps and epochs are counted from 0, epochs by whole batches", () => {
  assert.deepEqual(plan().map(({ step, epoch }) => [step, epoch]), [
    ...[0, 1, 2, 3].map((step) => [step, 0]),
    ...[4, 5, 6, 7].map((step) => [step, 1]),
    ...[8, 9, 10, 11].map((step) => [step, 2]),
  ]);
});

Deno.test("without shuffling every epoch is in the order of the listing", () => {
  const ordered = Array.from({ length: 20 }, (_, i) => i);
  for (const epoch of [0, 1, 2]) assert.deepEqual(imagesOf(plan({ shuffle: false }), epoch), ordered);
});
