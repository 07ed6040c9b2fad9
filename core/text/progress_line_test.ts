import assert from "node:assert/strict";
import { ProgressLine } from "./progress_line.ts";
import { StatusLine } from "./status_line.ts";

/** What is shown while so many things each are done in so many seconds. */
function shown(
  parts: readonly number[],
  {
    each = 64,
    total = each * parts.length as number | null,
    isTerminal = true,
    unit = "images",
    stays = true,
  } = {},
) {
  const lines: string[] = [];
  let now = 5000;
  const line = new StatusLine({ isTerminal: () => isTerminal, write: (text) => void lines.push(text) });
  const progress = new ProgressLine("Packing", { total, unit, stays, line, now: () => now });
  parts.forEach((seconds, i) => {
    now += 1000 * seconds;
    progress.update(Math.min(total ?? Infinity, each * (i + 1)));
  });
  return { lines, texts: lines.map((text) => text.replace("\r\x1b[K", "")), progress };
}

Deno.test("the first batch, which is traced, is not taken for what the rest takes", () => {
  const { texts, progress } = shown([40, 2, 2, 4]);
  assert.deepEqual(texts, [
    "Packing: 64/256 images",
    "Packing: 128/256 images  32.0 images/s  4 s left",
    "Packing: 192/256 images  32.0 images/s  2 s left",
    "Packing: 256/256 images  24.0 images/s  0 s left",
    "\n",
  ]);
  assert.equal(progress.perSecond, 24, "and what a command reports is what it has shown");
  assert.equal(progress.seconds, 48);
});

Deno.test("of a single batch all is told", () => {
  const { texts, progress } = shown([8]);
  assert.deepEqual(texts, ["Packing: 64/64 images  8.0 images/s  0 s left", "\n"]);
  assert.equal(progress.perSecond, 8);
});

Deno.test("what takes less than two seconds is not shown; its end is, once anything was", () => {
  assert.deepEqual(shown([0.5, 0.5, 0.5]).texts, []);
  assert.equal(shown([1, 1.5, 0.01]).texts.length, 3, "a line, the last one, its end");
});

Deno.test("where there is no terminal a line comes every ten seconds, and at the end", () => {
  const { lines } = shown(Array.from({ length: 25 }, () => 1), { isTerminal: false });
  assert.deepEqual(lines.map((line) => line.match(/: (\d+)/)![1]), ["640", "1280", "1600"]);
  assert.ok(lines.every((line) => /^Packing: \P{Cc}*\n$/u.test(line)));
  assert.deepEqual(shown([3, 3], { isTerminal: false }).lines.length, 1, "six seconds are worth one");
});

Deno.test("bytes have their units, and without a total there is no time left", () => {
  const { texts, progress } = shown([3, 1, 1], { each: 5e6, total: null, unit: "bytes" });
  assert.deepEqual(texts.slice(1), ["Packing: 10 MB  5 MB/s", "Packing: 15 MB  5 MB/s"]);
  progress[Symbol.dispose]();
  assert.deepEqual(texts.length, 3);
});

Deno.test("a part of something larger leaves no line at its end", () => {
  assert.deepEqual(shown([3, 1], { stays: false }).lines.at(-1), "\r\x1b[K");
});

Deno.test("what breaks off leaves no line", () => {
  const { lines, progress } = shown([3], { total: 640 });
  progress[Symbol.dispose]();
  assert.deepEqual(lines.at(-1), "\r\x1b[K");
  progress[Symbol.dispose]();
  assert.equal(lines.length, 2, "once");
});
