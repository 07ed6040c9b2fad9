import assert from "node:assert/strict";
import { z } from "zod";
import { RunError } from "../errors.ts";
import type { Logger, RunDescription, StepRecord, StepTiming } from "../interfaces/logger.ts";
import { definePlugin } from "../interfaces/plugin.ts";
import type { Recipe } from "../recipe/recipe.ts";
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

Deno.test("a logger that fails is told once and put aside; the others and the run go on", () =>
  inRun(async (directory) => {
    const ways: [string, (error: Error) => Logger][] = [
      ["step", (error) => ({ step: () => fail(error) })],
      ["step, later", (error) => ({ step: () => Promise.reject(error) as never })],
      ["message", (error) => ({ message: () => fail(error) })],
      ["evaluation", (error) => ({ evaluation: () => fail(error) })],
      ["pictures", (error) => ({ pictures: () => Promise.reject(error) })],
      ["end", (error) => ({ end: () => Promise.reject(error) })],
      ["dispose", (error) => ({ [Symbol.asyncDispose]: () => Promise.reject(error) })],
    ];
    for (const [where, failing] of ways) {
      const told: string[] = [], log: string[] = [], error = new RunError(`no ${where}.`);
      let steps = 0;
      const counting: Logger = {
        step: () => void steps++,
        message: (text) => void told.push(text),
        pictures: () => {},
      };
      const bad = failing(error), message = (text: string) => void log.push(text);
      const recorder = await openRecorder(recipeWith(bad, counting), directory, RUN, {
        ...host,
        log: message,
      });
      for (let i = 0; i < 3; i++) {
        recorder.step(STEP, TIMING);
        recorder.evaluation({ step: 1, epoch: 0.5, network: "student", evaluation: {} });
        assert.ok(recorder.message("a message"));
        await recorder.pictures({ step: 1, name: "views", rows: [] });
      }
      await recorder.end();
      await recorder[Symbol.asyncDispose]();
      assert.deepEqual([steps, told.length], [3, 3], where);
      assert.deepEqual(log, [
        `Warning: The logger "logger-0" failed: no ${where}. It is told no more; the run goes on, and metrics.jsonl ` +
        "has all figures",
      ]);
      assert.equal((await directory.metrics()).lines.length, 6);
    }
  }));

function fail(error: Error): never {
  throw error;
}

Deno.test("a defect of a logger is told with its line", () =>
  inRun(async (directory) => {
    const log: string[] = [], module = "data:text/javascript,export const step = () => nothing.at(0)";
    const { step } = await import(module);
    const message = (text: string) => void log.push(text);
    await using recorder = await openRecorder(recipeWith({ step }), directory, RUN, {
      ...host,
      log: message,
    });
    recorder.step(STEP, TIMING);
    assert.match(log.join(), /The logger "logger-0" failed.*: nothing is not defined\. It is told no more/);
  }));

Deno.test("a logger that nobody waits for, and that is interrupted, has not failed", () =>
  inRun(async (directory) => {
    const log: string[] = [], abort = new AbortController();
    const step = () => Promise.reject(abort.signal.reason) as unknown as void;
    await using recorder = await openRecorder(recipeWith({ step }), directory, RUN, {
      ...{ signal: abort.signal, log: (text: string) => void log.push(text) },
    });
    abort.abort();
    recorder.step(STEP, TIMING);
    await Promise.resolve();
    assert.deepEqual(log, []);
  }));

Deno.test("pictures are made for nobody, if no logger looks at them any more", () =>
  inRun(async (directory) => {
    await using without = await open(directory, [{}]);
    assert.equal(without.wantsPictures, false);
    await using recorder = await open(directory, [{
      pictures: () => Promise.reject(new RunError("no disk")),
    }]);
    assert.equal(recorder.wantsPictures, true);
    await recorder.pictures({ step: 0, name: "views", rows: [] });
    assert.equal(recorder.wantsPictures, false);
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

Deno.test("a message that nobody can be told stops the run at its next look, not whoever said it", () =>
  inRun(async (directory) => {
    const error = new RunError("the terminal is closed");
    const messages = new Messages({ ...host, log: () => fail(error) }), { log, signal } = messages.host;
    const failing: Logger = { message: () => fail(error) };
    await using recorder = await openRecorder(recipeWith(failing), directory, RUN, messages.host);
    using _ = messages.goTo(recorder);
    log("a worker has died"); // said where nothing can be thrown
    assert.ok(signal.aborted);
    assert.throws(() => messages.throwIfFailed(), error);
    assert.throws(() => signal.throwIfAborted(), error);
    assert.ok(!host.signal.aborted, "it is no interruption");
  }));
