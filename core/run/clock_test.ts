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
  assert.deepEqual(c.step(), { seconds: 0.5, imagesPerSecond: 20 });
  wait(100);
  assert.deepEqual(c.step(), { seconds: 0.1, imagesPerSecond: 100 });
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

Deno.test("another run's evaluation within a step is not the step's, but it is of the time left", () => {
  const { clock: c, wait } = clock();
  for (let step = 0; step < 4; step++) {
    wait(100);
    c.step();
  }
  wait(100);
  assert.equal(c.step().seconds, 0.1);
  wait(5100);
  assert.deepEqual(c.step(5000), { seconds: 0.1, imagesPerSecond: 100 });
  assert.equal(c.imagesPerSecond, 100);
  assert.equal(c.secondsFor(10), 10 * (0.1 + 5 / 2));
});

Deno.test("what another run took before this one is not a pause of this one", () => {
  const { clock: c, wait } = clock();
  wait(2000);
  wait(5000); // the other
  c.leaveOut(5000);
  wait(1000);
  assert.equal(c.resume(), 3);
});

Deno.test("the time left leaves out the first step, which is traced, and counts evaluations and checkpoints in", () => {
  const { clock: c, wait } = clock(), steps = 1000;
  wait(60_000);
  c.step();
  assert.equal(c.secondsFor(steps - 1), null, "nobody knows yet");
  for (let step = 2; step <= 14; step++) {
    wait(100);
    c.step();
  }
  assert.equal(c.secondsFor(steps - 14), 98.6);
  wait(5000); // one every ten steps that count
  c.resume();
  assert.equal(c.secondsFor(100), 60);
  for (let step = 0; step < 100; step++) {
    wait(200); // another program has begun
    c.step();
  }
  const pauses = 5000 / 110;
  assert.equal(c.secondsFor(100), 100 * (200 + pauses) / 1000, "the newest steps tell");
  c.forget();
  assert.equal(c.secondsFor(100), null, "steps of another kind begin");
  wait(50);
  c.step();
  assert.equal(c.secondsFor(100), 100 * (50 + 5000 / 111) / 1000);
});
