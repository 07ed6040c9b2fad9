import assert from "node:assert/strict";
import { StatusLine } from "@seed/core";
import { Progress } from "./progress.ts";

/** What is shown while batches of 64 images take so many seconds each. */
function shown(batches: readonly number[], total = 64 * batches.length) {
  const lines: string[] = [];
  let now = 5000;
  const line = new StatusLine({ isTerminal: () => true, write: (text) => void lines.push(text) });
  const progress = new Progress(total, "images", 0, line, () => now);
  batches.forEach((seconds, i) => {
    now += 1000 * seconds;
    progress.update(Math.min(total, 64 * (i + 1)));
  });
  return { lines: lines.map((text) => text.replace("\r\x1b[K", "")), progress };
}

Deno.test("the first batch, which is traced, is not taken for what the rest takes", () => {
  const { lines, progress } = shown([40, 2, 2, 4]);
  assert.deepEqual(lines, [
    "64/256 images",
    "128/256 images  32.0 images/s  4 s left",
    "192/256 images  32.0 images/s  2 s left",
    "256/256 images  24.0 images/s  0 s left",
    "\n",
  ]);
  assert.equal(progress.perSecond, 24, "and what a command reports is what it has shown");
  assert.equal(progress.seconds, 48);
});

Deno.test("of a single batch all is told", () => {
  const { lines, progress } = shown([8]);
  assert.deepEqual(lines, ["64/64 images  8.0 images/s  0 s left", "\n"]);
  assert.equal(progress.perSecond, 8);
});
