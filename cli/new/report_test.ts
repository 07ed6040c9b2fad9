import assert from "node:assert/strict";
import { planRun, type Task } from "./plan.ts";
import { lookReport, planReport } from "./report.ts";
import { settingsFor } from "./settings.ts";

Deno.test("the memory that a run takes is that of its steps and of the teacher's cache", () => {
  const train = 50_000, settings = settingsFor(train, false);
  const sample = { looked: train, whole: [], broken: [], sides: [32], secondsEach: 0 };
  const task: Task = {
    look: { train, images: train, evaluation: null, sample },
    ...{ settings, seconds: 1e6, patch: 1, memory: 64e9, teacherDim: 2048, begins: false },
  };
  const pace = { side: 64, teacherSide: 64, fresh: 0.1, cached: 0.1, start: 1 };
  const memoryOf = (cacheViews: number | null) =>
    planReport({ ...planRun(task, pace), cacheViews }, task, settings, 1e9).find((line) =>
      line.startsWith("Memory")
    );
  assert.equal(memoryOf(null), "Memory     about 1.0 GB");
  assert.equal(memoryOf(20), "Memory     about 5.1 GB"); // 20 views of 50,000, 2048 float16 each
});

Deno.test("of very many classes the smallest and the largest are told", () => {
  const classes = Array.from({ length: 200_000 }, (_, i) => ({ name: `c${i}`, images: 2 + i % 7 }));
  const sample = { looked: 0, whole: [], broken: [], sides: [32], secondsEach: 0 };
  const copies = { copies: 0, across: 0, compared: 0 };
  const lines = lookReport({ images: 1e6, train: 1e6, classes, evaluation: null, sample, copies });
  assert.ok(lines.some((line) => line.includes('200000, of 2 ("c0") to 8 pictures')), lines.join("\n"));
});
