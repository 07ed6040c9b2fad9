import assert from "node:assert/strict";
import type { StepPlan } from "../views/sampler.ts";
import { SharedBatches } from "./shared_batches.ts";
import type { BatchSource } from "./training_batches.ts";

const PLANS: StepPlan[] = [1, 2, 3].map((step) => ({ step, epoch: 0, images: [] }));

/** Batches of nothing. */
const SOURCE: BatchSource = {
  ...{ waited: 0, idle: 0, paused() {}, recall: () => Promise.resolve() },
  async *deliver(plans) {
    for (const plan of plans) yield { plan, batch: {} };
  },
};

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

Deno.test("a run knows how long others evaluated while it waited: before their first batch, and between two", async () => {
  await using shared = new SharedBatches(SOURCE, 2);
  const idle: number[][] = [];
  const run = async (index: number, pauses: readonly number[]) => {
    const batches = shared.of(index), taken: number[] = [];
    for await (const { plan } of batches.deliver(PLANS)) {
      taken.push(batches.idle);
      const pause = pauses[plan.step - 1];
      await sleep(pause);
      batches.paused(pause);
    }
    idle[index] = taken;
  };
  const first = run(0, [0, 0, 0]);
  await shared.begun(0);
  await sleep(60); // the second prepares
  await Promise.all([first, run(1, [40, 0, 30])]);
  const [before, ...after] = idle[0];
  assert.ok(before >= 55, `${before} ms`);
  assert.deepEqual(after.map((one) => Math.round(one - before)), [40, 40]);
  assert.ok(idle[1].every((one) => one < 55), "it began last, and the other never paused");
});

Deno.test("a run that is behind catches up, which is not the other's first step; one that never asks stops all", async () => {
  {
    await using shared = new SharedBatches(SOURCE, 2);
    const idle: number[] = [];
    const ahead = async () => {
      const batches = shared.of(0);
      for await (const _ of batches.deliver(PLANS.slice(2))) idle.push(batches.idle);
    };
    const behind = async () => {
      for await (const _ of shared.of(1).deliver(PLANS)) await sleep(30);
    };
    await Promise.all([ahead(), behind()]);
    assert.ok(idle.length === 1 && idle[0] >= 55, `${idle}`);
  }
  await using shared = new SharedBatches(SOURCE, 2);
  const waiting = (async () => {
    for await (const _ of shared.of(0).deliver(PLANS)) assert.fail("it is given a batch");
  })();
  assert.equal(await shared.begun(0), true);
  shared.leave(1);
  assert.equal(await shared.begun(1), false);
  await assert.rejects(waiting, /Another student's run has stopped/);
});
