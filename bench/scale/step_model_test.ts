import assert from "node:assert/strict";
import { largestOf, stepOf } from "./step_model.ts";
import type { Carriers } from "./sum_model.ts";

const carrier = { meet: 2, perByte: 1e-6, linkShare: 1 };
const carriers: Carriers = { memory: carrier, network: carrier };
const work = { images: 16, compute: 500, spread: 0, views: 0, bytes: 20e6, rows: 0 };

Deno.test("the largest of several normal variables is where statistics' tables have it", () => {
  for (const [count, expected] of [[1, 0], [2, 0.5642], [4, 1.0294], [10, 1.5388], [100, 2.5076]] as const) {
    assert.ok(Math.abs(largestOf(count) - expected) < 0.005, `${count}: ${largestOf(count)}`);
  }
});

Deno.test("one process waits for nobody", () => {
  const alone = { hosts: 1, processesPerHost: 1, coresPerHost: 2, linkRate: null };
  const step = stepOf({ ...work, spread: 50 }, alone, carriers);
  assert.deepEqual([step.total, step.imagesPerSecond, step.efficiency], [500, 32, 1]);
});

Deno.test("a step of two hosts is computing, the link's time for a sum, and meeting three times", () => {
  const cluster = { hosts: 2, processesPerHost: 1, coresPerHost: 2, linkRate: 1e9 };
  const step = stepOf(work, cluster, carriers);
  // 10 MB go out in the all-to-all, 10 MB in the all-gather: 160 ms. Half of the vector is moved by each in 10 ms, meanwhile.
  // Two messages take 0.03 ms each.
  assert.ok(Math.abs(step.sum - (2 + 160 + 0.06)) < 1e-9, `${step.sum}`);
  assert.ok(Math.abs(step.small - 4.12) < 1e-3, `${step.small}`);
  assert.ok(Math.abs(step.total - (500 + 162.06 + 4.12)) < 1e-2, `${step.total}`);
  assert.ok(Math.abs(step.efficiency - 500 / 666.18) < 1e-4);
});

Deno.test("views that take longer than computing hold a step up", () => {
  const cluster = { hosts: 1, processesPerHost: 2, coresPerHost: 2, linkRate: null };
  assert.equal(stepOf({ ...work, views: 620 }, cluster, carriers).views, 120);
});
