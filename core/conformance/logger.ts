import assert from "node:assert/strict";
import { disposeLogger, type Logger, type RunDescription } from "../interfaces/logger.ts";
import type { Steps } from "./steps.ts";

/** A logger to check. */
export interface LoggerSubject {
  make(runDirectory: string): Promise<Logger> | Logger;
}

const RUN: RunDescription = {
  recipe: "recipes/test.yaml",
  directory: "runs/test",
  engine: "test 1",
  device: "cpu",
  teacher: null,
  student: "small, 0.01 M parameters",
  images: 40,
  stepsPerEpoch: 4,
  steps: 8,
  startStep: 0,
  settings: { seed: 0, train: { lr: 0.01 } },
  facts: { device: "cpu" },
};

const figures = (step: number, network: string) => ({
  step,
  epoch: step / RUN.stepsPerEpoch,
  network,
  evaluation: { knn: { top1: 0.25 }, retrieval: { top1: 0.5, top5: 0.75 } },
});

/** What a run tells its loggers after `startStep`, up to a step where it may break off. */
async function tell(logger: Logger, startStep: number, endStep: number): Promise<void> {
  await logger.start?.({ ...RUN, startStep });
  // A run, and a resume too, begins with the evaluation that its step is due.
  if (startStep % RUN.stepsPerEpoch === 0) {
    logger.evaluation?.(figures(startStep, startStep ? "student" : "untrained"));
  }
  for (let step = startStep + 1; step <= endStep; step++) {
    const record = {
      step,
      epoch: step / RUN.stepsPerEpoch,
      loss: 3 / step,
      lr: 0.01,
      images_per_second: 100,
      gradient_norm: 2 / step,
      losses: { seed: 2 / step, moco: 1 / step },
      metrics: { agreement: 0.5 },
    };
    const secondsLeft = step === startStep + 1 ? null : RUN.steps - step; // unknown at the start of a process
    logger.step?.(record, { seconds: 1, dataWaitSeconds: 0.01, secondsLeft });
    if (step % RUN.stepsPerEpoch === 0) logger.evaluation?.(figures(step, "student"));
    if (step === 2) logger.message?.("Something worth a line");
  }
  if (endStep === RUN.steps) await logger.end?.();
}

/** Checks what {@link Logger} promises: it follows whole runs, runs that break off, and resumes. */
export async function checkLogger(t: Steps, { make }: LoggerSubject): Promise<void> {
  const run = async (parts: [startStep: number, endStep: number][]) => {
    const directory = await Deno.makeTempDir({ prefix: "seed-logger-" });
    try {
      const printed = await standardOutput(async () => {
        for (const [startStep, endStep] of parts) {
          const logger = await make(directory);
          await tell(logger, startStep, endStep);
          await disposeLogger(logger);
        }
      });
      assert.equal(printed, 0, "standard output is for results");
      return await filesIn(directory);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  };

  await t.step("follows a run from its start to its end", async () => void await run([[0, 8]]));
  await t.step("begins in the middle of a run, which it was added to at a resume", async () => {
    await run([[4, 8]]);
  });
  let repeats = true;
  await t.step("lets go of a run that did not start", async () => {
    const directory = await Deno.makeTempDir({ prefix: "seed-logger-" });
    const logger = await make(directory);
    repeats = logger.repeatable ?? true;
    await disposeLogger(logger);
    await Deno.remove(directory, { recursive: true });
  });
  if (!repeats) {
    await t.step(
      "follows a run that broke off and was resumed",
      async () => void await run([[0, 6], [4, 8]]),
    );
    return;
  }
  await t.step("writes the same files about a run that broke off and was resumed", async () => {
    // Step 4 had its checkpoint; what came after is done again.
    assert.deepEqual(await run([[0, 6], [4, 8]]), await run([[0, 8]]));
  });
}

/** Methods of `console` that print on standard output. */
const PRINTING = [
  "log",
  "debug",
  "info",
  "dir",
  "dirxml",
  "table",
  "group",
  "groupCollapsed",
  "count",
  "timeLog",
  "timeEnd",
  "clear",
] as const;

/** How often something is printed on standard output meanwhile. */
async function standardOutput(body: () => Promise<void>): Promise<number> {
  const { write, writeSync } = Deno.stdout, methods = { ...console };
  let count = 0;
  for (const name of PRINTING) console[name] = () => void count++;
  Deno.stdout.write = (bytes) => (count++, Promise.resolve(bytes.length));
  Deno.stdout.writeSync = (bytes) => (count++, bytes.length);
  try {
    await body();
    return count;
  } finally {
    Object.assign(console, methods);
    Object.assign(Deno.stdout, { write, writeSync });
  }
}

/** A character for each byte, so that any file is compared byte for byte, and text can be read in the difference. */
const BYTES = new TextDecoder("latin1");

/** What files hold, those in folders too. */
async function filesIn(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isFile) files[name] = BYTES.decode(await Deno.readFile(path));
    if (isDirectory) {
      for (const [inner, bytes] of Object.entries(await filesIn(path))) files[`${name}/${inner}`] = bytes;
    }
  }
  return files;
}
