import assert from "node:assert/strict";
import type { MemberReport } from "./member.ts";
import { blocksOf } from "./steps.ts";

/** Five steps of 100 ms from `start` on, of which the process computes all, with a pause of 50 ms after each. */
function member(calls: MemberReport["calls"] = [], start = 0): MemberReport {
  const at = (ms: number, processor: number) => ({ at: ms, processor, machine: 2.3 * ms });
  const spans = Array.from({ length: 5 }, (_, i) => {
    const begin = start + 150 * i;
    return { begin: at(begin, 100 * i), end: at(begin + 100, 100 * (i + 1)) };
  });
  return { spans, calls };
}

Deno.test("a step has the time that others took of the machine; the first of a block does not count", () => {
  const [blocks] = blocksOf([member(), member()], { first: 1, block: 2 });
  const step = { wall: 100, processor: 100, others: 30, wait: 0, sum: 0, small: 0 };
  assert.equal(blocks.length, 2);
  for (const [only, ...more] of blocks) {
    assert.deepEqual({ ...only, others: Math.round(only.others) }, step);
    assert.equal(more.length, 0);
  }
});

Deno.test("a process that has ended its last step takes no more", () => {
  const members = blocksOf([member(), member([], 10)], { first: 1, block: 2 });
  // Each stands still for 10 ms of the other's step.
  for (const [only] of members.flat()) assert.equal(Math.round(only.others), 40);
});

Deno.test("a call is a wait until the last process has come to it", () => {
  const calls = (start: number): MemberReport["calls"] => [{ kind: "sum", start, end: 240 }];
  const members = [member(calls(200)), member(calls(220))];
  const [[[first]], [[second]]] = blocksOf(members, { first: 0, block: 2 });
  assert.deepEqual([first.wait, first.sum, first.small], [20, 20, 0]);
  assert.deepEqual([second.wait, second.sum, second.small], [0, 20, 0]);
});
