import assert from "node:assert/strict";
import { join } from "node:path";
import { readTimings, TimingsFile } from "./timings_file.ts";

const timing = (seconds: number) => ({ seconds, dataWaitSeconds: seconds / 4, secondsLeft: null });

async function inFolder(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-timings-" });
  try {
    await test(join(folder, "timings.jsonl"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function write(path: string, startStep: number, steps: number[]): Promise<void> {
  using file = await TimingsFile.open(path, startStep);
  file.pause(startStep, 7);
  for (const step of steps) file.step(step, timing(step));
}

Deno.test("steps that a resume does again are told once, and every preparation is told", () =>
  inFolder(async (path) => {
    await write(path, 0, [1, 2, 3]);
    await write(path, 2, [3, 4]);
    const found = await readTimings(path);
    assert.deepEqual(found.map(({ step }) => step), [0, 1, 2, 2, 3, 4]);
    assert.deepEqual(found.filter((line) => "pause_seconds" in line).map(({ step }) => step), [0, 2]);
    assert.deepEqual(found[1], { step: 1, seconds: 1, data_wait_seconds: 0.25 });
  }));

Deno.test("lines that are damaged or cut off cost no others", () =>
  inFolder(async (path) => {
    await write(path, 0, [1]);
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(
      path,
      `nonsense\n{"step":9,"seconds":-1,"data_wait_seconds":0}\n${text}{"step":2,"sec`,
    );
    assert.deepEqual((await readTimings(path)).map(({ step }) => step), [0, 1]);
    assert.deepEqual(await readTimings(`${path}.none`), []);
  }));
