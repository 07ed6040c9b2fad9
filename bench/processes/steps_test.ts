import assert from "node:assert/strict";
import type { MemberReport } from "./member.ts";
import { stepsOf } from "./steps.ts";

/** Steps of 100 ms, of which the process computes all. */
function member(begin: number, calls: MemberReport["calls"] = []): MemberReport {
  const marks = Array.from(
    { length: 5 },
    (_, i) => ({ at: begin + 100 * i, processor: 100 * i, machine: 230 * i }),
  );
  return { marks, calls };
}

Deno.test("a step has the time that others took of the machine", () => {
  const [[step, ...more]] = stepsOf([member(0), member(0)], 2);
  assert.deepEqual(step, { wall: 100, processor: 100, others: 30, wait: 0, sum: 0, small: 0 });
  assert.equal(more.length, 1, "the first two steps do not count");
});

Deno.test("of runs apart those steps count that have the others beside them", () => {
  const [early, late] = stepsOf([member(0), member(150)], 0);
  assert.deepEqual([early.length, late.length], [2, 2]);
});

Deno.test("a call is a wait until the last process has come to it", () => {
  const calls = (start: number): MemberReport["calls"] => [{ kind: "sum", start, end: 90 }];
  const [[first], [second]] = stepsOf([member(0, calls(50)), member(0, calls(70))], 0);
  assert.deepEqual([first.wait, first.sum, first.small], [20, 20, 0]);
  assert.deepEqual([second.wait, second.sum, second.small], [0, 20, 0]);
});
