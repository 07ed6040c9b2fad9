import assert from "node:assert/strict";
import { z } from "zod";
import { RunError } from "../errors.ts";
import type { Logger, RunDescription, StepRecord, StepTiming } from "../interfaces/logger.ts";
import { definePlugin } from "../interfaces/plugin.ts";
import type { Recipe } from "../recipe/load_recipe.ts";
import { Messages } from "./messages.ts";
import { openRecorder, type Recorder } from "./recorder.ts";
import { RunDirectory } from "./run_directory.ts";

const RUN = { startStep: 0, steps: 2, stepsPerEpoch: 2 } as RunDescription;
const STEP: StepRecord = {
  ...{ step: 1, epoch: 0.5, loss: 2, lr: 0.1, images_per_second: 9, gradient_norm: 3 },
};

function recipeWith(...loggers: Logger[]): Recipe {
  const uses = loggers.map((logger, i) => ({
    plugin: definePlugin({
      ...{ kind: "logger", name: `logger-${i}`, apiVersion: 1, about: { summary: "For tests" } },
      options: z.strictObject({}),
      create: () => logger,
    }),
    options: {},
  }));
  return { seed: 0, loggers: uses } as unknown as Recipe;
}

const TIMING: StepTiming = { seconds: 1, dataWaitSeconds: 0, secondsLeft: null };

async function inRun(test: (directory: RunDirectory) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-recorder-" });
  try {
    await using directory = await RunDirectory.create("test", `${folder}/run`);
    await directory.begin("version: 1\n", {}, () => Deno.writeTextFile(directory.checkpointFile(0), ""));
    await test(directory);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const host = { log: () => {}, signal: new AbortController().signal };
const later = () => new Promise((resolve) => setTimeout(resolve, 20));

/** The record of a new run with these loggers. */
function open(directory: RunDirectory, loggers: Logger[]): Promise<Recorder> {
  return openRecorder(recipeWith(...loggers), directory, RUN, host);
}

Deno.test("metrics are written whatever loggers there are, and loggers that take their time are waited for", () =>
  inRun(async (directory) => {
    const said: string[] = [];
    const slow: Logger = {
      start: async () => (await later(), void said.push("start")),
      step: ({ gradient_norm }) => void said.push(`step ${gradient_norm}`),
      end: async () => (await later(), void said.push("end")),
      [Symbol.asyncDispose]: async () => (await later(), void said.push("gone")),
    };
    {
      await using recorder = await open(directory, [slow]);
      recorder.step(STEP, TIMING);
      await recorder.end();
    }
    assert.deepEqual(said, ["start", "step 3", "end", "gone"]);
    assert.deepEqual((await directory.metrics()).lines, [STEP]);
  }));

Deno.test("a logger that fails is named, by the same kind of error, and what was written before stays", () =>
  inRun(async (directory) => {
    let error: Error;
    const failing: Logger = {
      step() {
        throw error;
      },
      message() {
        throw error;
      },
      end: () => Promise.reject(error),
    };
    await using recorder = await open(directory, [{}, failing]);
    const cases: [Error, string][] = [
      [new TypeError("a defect"), "Error"],
      [new RunError("no connection"), "RunError"],
    ];
    for (const [thrown, name] of cases) {
      error = thrown;
      const expected = { name, message: `The logger "logger-1" failed: ${error.message}`, cause: error };
      assert.throws(() => recorder.step(STEP, TIMING), expected);
      assert.throws(() => recorder.message("a message"), expected);
    }
    assert.deepEqual((await directory.metrics()).lines, [STEP, STEP]);
  }));

Deno.test("a logger that cannot start is named, and all that were made are let go", () =>
  inRun(async (directory) => {
    const gone: number[] = [];
    const made = (n: number, more: Logger = {}): Logger => ({
      [Symbol.dispose]: () => void gone.push(n),
      ...more,
    });
    const refused = { start: () => Promise.reject(new RunError("no connection")) };
    await assert.rejects(
      open(directory, [made(0), made(1, refused), made(2)]),
      { name: "RunError", message: 'The logger "logger-1" failed: no connection' },
    );
    assert.deepEqual(gone, [2, 1, 0]);
  }));

Deno.test("an interruption is no logger's failure", () =>
  inRun(async (directory) => {
    const abort = new AbortController(), step = () => abort.signal.throwIfAborted();
    const interrupted = { ...host, signal: abort.signal };
    await using recorder = await openRecorder(recipeWith({ step }), directory, RUN, interrupted);
    abort.abort();
    assert.throws(
      () => recorder.step(STEP, TIMING),
      (error) => error === abort.signal.reason,
    );
  }));

Deno.test("messages go to the program until loggers listen, then to those that do", () =>
  inRun(async (directory) => {
    const outer: string[] = [], heard: string[] = [];
    const messages = new Messages({ ...host, log: (message) => outer.push(message) });
    const { log } = messages.host;
    log("before");
    await using listening = await open(directory, [{}, { message: (text) => void heard.push(text) }]);
    {
      using _ = messages.goTo(listening);
      log("during");
    }
    log("after");
    await using silent = await open(directory, [{}]);
    using _ = messages.goTo(silent);
    log("nobody listens");
    assert.deepEqual([outer, heard], [["before", "after", "nobody listens"], ["during"]]);
  }));

Deno.test("what a logger prints when it is told a message goes to the program, not in circles", () =>
  inRun(async (directory) => {
    const outer: string[] = [];
    const messages = new Messages({ ...host, log: (message) => outer.push(message) });
    const { log } = messages.host;
    await using recorder = await open(directory, [{ message: (text) => log(`told "${text}"`) }]);
    using _ = messages.goTo(recorder);
    log("hello");
    assert.deepEqual(outer, ['told "hello"']);
  }));

Deno.test("a message that cannot be told stops the run at its next look, not whoever said it", () =>
  inRun(async (directory) => {
    const error = new RunError("no connection");
    const messages = new Messages(host), { log, signal } = messages.host;
    const failing: Logger = {
      message() {
        throw error;
      },
    };
    await using recorder = await open(directory, [failing]);
    using _ = messages.goTo(recorder);
    log("a worker has died"); // said where nothing can be thrown
    assert.ok(signal.aborted);
    const expected = { name: "RunError", message: 'The logger "logger-0" failed: no connection' };
    assert.throws(() => messages.throwIfFailed(), expected);
    assert.throws(() => signal.throwIfAborted(), expected);
    assert.ok(!host.signal.aborted, "it is no interruption");
  }));
