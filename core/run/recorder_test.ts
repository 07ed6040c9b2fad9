import assert from "node:assert/strict";
import { z } from "zod";
import type { Logger, RunDescription, StepRecord } from "../interfaces/logger.ts";
import { definePlugin } from "../interfaces/plugin.ts";
import type { Recipe } from "../recipe/load_recipe.ts";
import { Messages } from "./messages.ts";
import { openRecorder } from "./recorder.ts";
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

async function inRun(test: (directory: RunDirectory) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-recorder-" });
  try {
    await using directory = await RunDirectory.create("test", `${folder}/run`);
    await directory.begin("version: 1\n");
    await test(directory);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const host = { log: () => {}, signal: new AbortController().signal };
const later = () => new Promise((resolve) => setTimeout(resolve, 20));

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
      await using recorder = await openRecorder(recipeWith(slow), directory, RUN, host);
      recorder.step(STEP, { dataWaitSeconds: 0 });
      await recorder.end();
    }
    assert.deepEqual(said, ["start", "step 3", "end", "gone"]);
    assert.deepEqual(await directory.metrics(), [STEP]);
  }));

Deno.test("a logger that fails is named, and what was written before stays", () =>
  inRun(async (directory) => {
    const failing: Logger = {
      step() {
        throw new TypeError("no connection");
      },
    };
    await using recorder = await openRecorder(recipeWith({}, failing), directory, RUN, host);
    assert.throws(
      () => recorder.step(STEP, { dataWaitSeconds: 0 }),
      { name: "RunError", message: 'The logger "logger-1" failed: no connection' },
    );
    assert.deepEqual(await directory.metrics(), [STEP]);
  }));

Deno.test("messages go to the program until loggers listen, then to those that do", () => {
  const outer: string[] = [], heard: string[] = [];
  const messages = new Messages({ ...host, log: (message) => outer.push(message) });
  const { log } = messages.host;
  log("before");
  messages.goTo([{}, { message: (text) => void heard.push(text) }]);
  log("during");
  messages.goTo([{}]);
  log("nobody listens");
  assert.deepEqual([outer, heard], [["before", "nobody listens"], ["during"]]);
});
