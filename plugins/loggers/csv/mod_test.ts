import assert from "node:assert/strict";
import { type RunDescription, RunError } from "@seed/core";
import { rowOf, rowsOf } from "./rows.ts";
import plugin from "./mod.ts";

const CONTEXT = {
  ...{ seed: 0, cacheDir: "", resolve: (path: string) => path, signal: new AbortController().signal },
};

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-csv-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Steps from after `startStep` up to `end`, of which each has a metric. */
async function follow(folder: string, startStep: number, end: number, metric = "a,b"): Promise<string[]> {
  const messages: string[] = [], context = { ...CONTEXT, runDirectory: folder };
  const log = (message: string) => void messages.push(message);
  const logger = await plugin.create({ every_steps: 1 }, { ...context, log });
  try {
    await logger.start!({ startStep } as RunDescription);
    const evaluation = { knn: { top1: 0.25 }, "a\nb": { top1: 0.5 } };
    // A run, and a resume too, begins with the evaluation that its step is due.
    const evaluate = (step: number) =>
      step && step % 2 === 0 &&
      logger.evaluation!({ step, epoch: step / 2, network: "student", evaluation });
    evaluate(startStep);
    for (let step = startStep + 1; step <= end; step++) {
      const record = { step, epoch: step / 2, loss: 1 / step, lr: 0.1, images_per_second: 10 };
      const told = { gradient_norm: 2, losses: { seed: 1, 'a "loss"': 2 }, metrics: { [metric]: 3 } };
      logger.step!({ ...record, ...told }, { seconds: 0.5, dataWaitSeconds: 0.25, secondsLeft: null });
      evaluate(step);
    }
  } finally {
    logger[Symbol.dispose]!();
  }
  return messages;
}

const read = (folder: string, name: string) => Deno.readTextFile(`${folder}/${name}.csv`);

Deno.test("names with commas, quotes and line ends are quoted, and read back", () =>
  inFolder(async (folder) => {
    assert.deepEqual(await follow(folder, 0, 2), []);
    assert.equal(
      await read(folder, "steps"),
      'step,epoch,loss,lr,images_per_second,gradient_norm,seconds,data_wait_seconds,losses.seed,"losses.a ""loss""","metrics.a,b"\n' +
        "1,0.5,1,0.1,10,2,0.5,0.25,1,2,3\n2,1,0.5,0.1,10,2,0.5,0.25,1,2,3\n",
    );
    assert.equal(
      await read(folder, "evaluations"),
      'step,epoch,network,evaluator,figure,value\n2,1,student,knn,top1,0.25\n2,1,student,"a\nb",top1,0.5\n',
    );
    const cells = ["", "1", 'a"b', "a,b", "a\r\nb", "plain"];
    assert.deepEqual(rowsOf(`${rowOf(cells)}\n${rowOf(cells)}\nrest`).map((row) => row.cells), [
      cells,
      cells,
    ]);
  }));

Deno.test("a resume cuts what comes after its step, and half a line", () =>
  inFolder(async (folder) => {
    await follow(folder, 0, 6);
    const whole = await Promise.all(["steps", "evaluations"].map((name) => read(folder, name)));
    for (const [startStep, end] of [[0, 5], [4, 6], [2, 3], [2, 6]]) {
      await Deno.writeTextFile(`${folder}/steps.csv`, "6,3,0.1", { append: true });
      await Deno.writeTextFile(`${folder}/evaluations.csv`, '6,3,"stu', { append: true });
      await follow(folder, startStep, end);
    }
    assert.deepEqual(await Promise.all(["steps", "evaluations"].map((name) => read(folder, name))), whole);
  }));

Deno.test("the first row fixes the columns; what comes later is told once", () =>
  inFolder(async (folder) => {
    await follow(folder, 0, 2);
    const said = 'steps.csv has no column "metrics.new": its first row had none. metrics.jsonl has it';
    assert.deepEqual(await follow(folder, 2, 5, "new"), [said]);
    const rows = rowsOf(await read(folder, "steps"));
    assert.deepEqual(rows.map(({ cells }) => cells.at(-1)), ["metrics.a,b", "3", "3", "", "", ""]);
  }));

Deno.test("a file of somebody else's is refused and stays as it is", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/steps.csv`, "name,value\na,1\n");
    await assert.rejects(follow(folder, 0, 1), (error) =>
      error instanceof RunError && /no file of this/.test(error.message));
    assert.equal(await read(folder, "steps"), "name,value\na,1\n");
  }));
