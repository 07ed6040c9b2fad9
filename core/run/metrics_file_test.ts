import assert from "node:assert/strict";
import { join } from "node:path";
import type { StepRecord } from "../interfaces/logger.ts";
import { MetricsFile, readMetrics } from "./metrics_file.ts";

async function inFolder(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-metrics-" });
  try {
    await test(join(folder, "metrics.jsonl"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const step = (step: number): StepRecord => ({
  ...{ step, epoch: step / 4, loss: 3 / step, lr: 0.01, images_per_second: 100, gradient_norm: 1 },
});
const evaluation = (step: number) => ({
  ...{ step, epoch: step / 4, network: "student", evaluation: { knn: { top1: 0.25 } } },
});

const unexpected = (message: string) => assert.fail(message);

/** What a run of 8 steps writes after `start`, up to a step where it may break off. */
async function write(path: string, start: number, end: number): Promise<void> {
  using metrics = await MetricsFile.open(path, start, unexpected);
  // A run, and a resume too, begins with the evaluation that its step is due.
  if (start % 4 === 0) metrics.write(evaluation(start));
  for (let done = start + 1; done <= end; done++) {
    metrics.write(step(done));
    if (done % 4 === 0) metrics.write(evaluation(done));
  }
}

Deno.test("the metrics of a run that broke off and was resumed are those of one that did not", async () => {
  let whole = "";
  await inFolder(async (path) => {
    await write(path, 0, 8);
    whole = await Deno.readTextFile(path);
  });
  for (const broken of [4, 5, 7]) {
    await inFolder(async (path) => {
      await write(path, 0, broken);
      await write(path, 4, 8);
      assert.equal(await Deno.readTextFile(path), whole, `broken off after step ${broken}`);
    });
  }
});

Deno.test("an evaluation at the step that a run goes on after stays until it is made again, in its place", () =>
  inFolder(async (path) => {
    const of = (network: string, figures: Record<string, number>) => ({
      ...{ step: 0, epoch: 0, network },
      evaluation: Object.fromEntries(Object.entries(figures).map(([name, top1]) => [name, { top1 }])),
    });
    const teacher = of("teacher", { knn: 0.5 }), untrained = of("untrained", { knn: 0.25, linear: 0.75 });
    const begun = [teacher, untrained].map((line) => JSON.stringify(line) + "\n").join("");
    await Deno.writeTextFile(path, begun);
    (await MetricsFile.open(path, 0, unexpected))[Symbol.dispose](); // broken off before it evaluates
    assert.equal(await Deno.readTextFile(path), begun);
    {
      using metrics = await MetricsFile.open(path, 0, unexpected);
      metrics.write(of("teacher", { knn: 0.125 }));
      metrics.write(of("untrained", { knn: 0.625 })); // without one of its evaluators
      metrics.write(step(1));
    }
    assert.deepEqual((await readMetrics(path)).lines, [
      of("teacher", { knn: 0.125 }),
      of("untrained", { knn: 0.625, linear: 0.75 }),
      step(1),
    ]);
  }));

Deno.test("an evaluation at the end that a longer run had before is left out: its summary keeps it", () =>
  inFolder(async (path) => {
    await write(path, 0, 4);
    const whole = await Deno.readTextFile(path);
    (await MetricsFile.open(path, 4, unexpected, true))[Symbol.dispose]();
    assert.equal(await Deno.readTextFile(path), whole.replace(JSON.stringify(evaluation(4)) + "\n", ""));
  }));

Deno.test("a last line that is half written is left out; another that is no JSON is named", () =>
  inFolder(async (path) => {
    assert.deepEqual((await readMetrics(path)).lines, []);
    await Deno.writeTextFile(path, '{"step":1}\n{"st');
    assert.deepEqual((await readMetrics(path)).lines, [{ step: 1 }]);
    await Deno.writeTextFile(path, '{"step":1}\n{"st\n{"step":3}\n');
    const { lines, problem } = await readMetrics(path);
    assert.deepEqual(lines, [{ step: 1 }, { step: 3 }]);
    assert.equal(problem, `Line 2 of "${path}" is damaged: no record of a run`);
  }));

Deno.test("a line that readers could not rely on is damaged, though it is JSON", () =>
  inFolder(async (path) => {
    const good = [
      '{"step":0,"network":"teacher","evaluation":{"knn":{"top1":null}}}',
      '{"step":1,"loss":null,"more":[1]}',
    ];
    const bad = [
      "null",
      "7",
      '"step"',
      "[]",
      "{}",
      '{"step":"1"}',
      '{"step":-1}',
      '{"step":1.5}',
      '{"step":1,"loss":"2"}',
    ];
    bad.push(
      '{"step":1,"evaluation":5}',
      '{"step":1,"evaluation":{"knn":null}}',
      '{"step":1,"network":{},"evaluation":{}}',
    );
    await Deno.writeTextFile(path, [...good, ...bad, ""].join("\n"));
    const { lines, problem } = await readMetrics(path);
    assert.deepEqual(lines, good.map((text) => JSON.parse(text)));
    assert.equal(
      problem,
      `Lines 3 to 14 of "${path}" is damaged: no record of a run`.replace(" is ", " are "),
    );
  }));

Deno.test("a resume leaves the lines that it keeps as they are, byte for byte", () =>
  inFolder(async (path) => {
    const kept = '{ "step": 1, "loss": 2.50, "2": 0 }\n';
    await Deno.writeTextFile(path, kept + '{"step":2}\n');
    (await MetricsFile.open(path, 1, unexpected))[Symbol.dispose]();
    assert.equal(await Deno.readTextFile(path), kept);
  }));

Deno.test("a resume leaves damaged lines out, tells them and the steps that are lost, and keeps the file as it was", () =>
  inFolder(async (path) => {
    const line = (number: number) => JSON.stringify(step(number)) + "\n";
    const damaged = line(1) + '{"step":2,"loss":1}{"step":3}\n[4]\n' + line(5) + line(6) + "null\n" +
      line(9) + '{"st';
    await Deno.writeTextFile(path, damaged);
    const told: string[] = [];
    (await MetricsFile.open(path, 9, (message) => told.push(message)))[Symbol.dispose]();
    assert.equal(await Deno.readTextFile(path), line(1) + line(5) + line(6) + line(9));
    const aside = path.replace(".jsonl", "-damaged.jsonl");
    assert.equal(await Deno.readTextFile(aside), damaged);
    assert.deepEqual(told, [
      `Lines 2 to 3, 6 of "${path}" are damaged, no record of a run, and left out; the file as it was is "${aside}"`,
      `"${path}" has no line of step 2 to 4, 7 to 8, though the checkpoint is of step 9: they are lost`,
    ]);
  }));

Deno.test("a file that is damaged once more is kept beside the one before", () =>
  inFolder(async (path) => {
    const aside = (n: string) => path.replace(".jsonl", `-damaged${n}.jsonl`), told: string[] = [];
    for (const damage of ["first\n", "second\n", "third\n"]) {
      await Deno.writeTextFile(path, damage);
      (await MetricsFile.open(path, 0, (message) => told.push(message)))[Symbol.dispose]();
    }
    assert.equal(await Deno.readTextFile(aside("")), "first\n");
    assert.equal(await Deno.readTextFile(aside("-2")), "second\n");
    assert.equal(await Deno.readTextFile(aside("-3")), "third\n");
    assert.ok(told[1].endsWith(`the file as it was is "${aside("-2")}"`), told[1]);
  }));

Deno.test("a last line that a crash has cut off is told at the resume", () =>
  inFolder(async (path) => {
    await Deno.writeTextFile(path, JSON.stringify(step(1)) + '\n{"step":2,"lo');
    const told: string[] = [];
    (await MetricsFile.open(path, 1, (message) => told.push(message)))[Symbol.dispose]();
    assert.deepEqual(told, [`The last line of "${path}" was cut off, and is left out`]);
  }));
