import assert from "node:assert/strict";
import { Clock } from "./clock.ts";

/** A clock of batches of 10 whose time is set by the test. */
function clock() {
  let now = 1000;
  const clock = new Clock(10, () => now);
  return { clock, wait: (milliseconds: number) => void (now += milliseconds) };
}

Deno.test("a step's speed is that of the time since the one before", () => {
  const { clock: c, wait } = clock();
  wait(500);
  assert.equal(c.step(), 20);
  wait(100);
  assert.equal(c.step(), 100);
});

Deno.test("the speed of a run leaves out its first four steps and its pauses", () => {
  const { clock: c, wait } = clock();
  for (const slow of [9000, 800, 700, 600]) {
    wait(slow);
    c.step();
    assert.equal(c.imagesPerSecond, null);
  }
  wait(100);
  c.step();
  assert.equal(c.imagesPerSecond, 100);
  wait(60_000); // an evaluation
  c.resume();
  wait(300);
  c.step();
  assert.equal(c.imagesPerSecond, 50);
});
