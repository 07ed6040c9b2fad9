import assert from "node:assert/strict";
import { autoWorkers, problemOfWorkers } from "./worker_count.ts";

Deno.test("auto takes a worker a core, eight at the most, and no more than memory has room for", () => {
  const cases: [cores: number, memory: number | null, workers: number][] = [
    [2, 24e9, 2],
    [64, 256e9, 8],
    [64, 2e9, 4],
    [64, 0.2e9, 1],
    [64, null, 8],
  ];
  for (const [cores, memory, workers] of cases) assert.equal(autoWorkers(1, { cores, memory }), workers);
});

Deno.test("more workers than cores are asked about memory", () => {
  const machine = { cores: 2, memory: 24e9 };
  assert.equal(problemOfWorkers(48, machine), null);
  assert.equal(
    problemOfWorkers(64, machine),
    "Expected at most 48, got 64: a worker takes about 250 MB, and they may take half of the 24.0 GB that this " +
      'machine has (2 cores); lower it, or take "auto"',
  );
  assert.equal(problemOfWorkers(8, { cores: 8, memory: 0.1e9 }), null);
  assert.match(problemOfWorkers(9, { cores: 8, memory: 0.1e9 })!, /^Expected at most 8, got 9: /);
  assert.equal(problemOfWorkers(1000, { cores: 8, memory: null }), null);
});
