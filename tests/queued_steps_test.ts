/**
 * Runs on an engine whose calls are queued, so that steps are read one late: whatever happens to them, they end as those
 * whose steps are read at once, bit for bit.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  checkpointName,
  checkpointsOf,
  distillTiny,
  inTinyFolder,
  metricsOf,
  outcomeOf,
  type TinyRun,
} from "./support/tiny_runs.ts";

const PLUGINS = new URL("./support/plugins.ts", import.meta.url).href;
const QUEUED = ["--set", `engine.plugin=${PLUGINS}#queuingEngine`];

async function finish(folder: string, run: TinyRun): Promise<void> {
  const { code, stderr } = await distillTiny(folder, run);
  assert.equal(code, 0, stderr);
}

Deno.test("a run whose steps are read one late has the lines and bits of one that reads them at once", () =>
  inTinyFolder(async (folder) => {
    for (const flags of [[], ["--max-steps", "7"], ["--set", "train.accumulate=2"]]) {
      await finish(folder, { out: "at_once", flags });
      await finish(folder, { out: "late", flags: [...QUEUED, ...flags] });
      assert.deepEqual(await outcomeOf(join(folder, "late")), await outcomeOf(join(folder, "at_once")));
      for (const run of ["late", "at_once"]) await Deno.remove(join(folder, run), { recursive: true });
    }
  }));

for (
  const [what, event] of [
    ["Ctrl-C", "step 4"],
    ["Ctrl-C at a checkpoint", "step 5"],
    ["Ctrl-C at an evaluation", "student 6"],
  ]
) {
  Deno.test(`${what}: the last step that was told of is kept, and the resume ends as a whole run`, () =>
    inTinyFolder(async (folder) => {
      await finish(folder, { out: "whole" });
      const run = join(folder, "broken");
      const meddles: [string, string] = [event, "SIGINT"];
      const { code, stderr } = await distillTiny(folder, { out: "broken", meddles, flags: QUEUED });
      assert.equal(code, 130, stderr);
      const newest = checkpointsOf(run).at(-1)!, steps = (await metricsOf(run)).filter(({ loss }) => loss);
      assert.equal(newest, checkpointName(steps.length), "a line a step that was kept");
      assert.deepEqual(steps.map(({ step }) => step), steps.map((_, i) => i + 1));
      await finish(folder, { out: "broken", flags: [...QUEUED, "--resume"] });
      assert.deepEqual(await outcomeOf(run), await outcomeOf(join(folder, "whole")));
    }));
}

Deno.test("a picture that is gone: the steps before are kept", () =>
  inTinyFolder(async (folder) => {
    await finish(folder, { out: "whole" });
    const picture = join(folder, "images/train/rows/7.png"), bytes = await Deno.readFile(picture);
    const run = join(folder, "broken"), meddles = ["step 4", `remove ${picture}`] as [string, string];
    const { code, stderr } = await distillTiny(folder, { out: "broken", meddles, flags: QUEUED });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /The state after step \d+ is kept/);
    const steps = (await metricsOf(run)).filter(({ loss }) => loss);
    assert.equal(checkpointsOf(run).at(-1), checkpointName(steps.length));
    await Deno.writeFile(picture, bytes);
    await finish(folder, { out: "broken", flags: [...QUEUED, "--resume"] });
    assert.deepEqual(await outcomeOf(run), await outcomeOf(join(folder, "whole")));
  }));

Deno.test("a logger that fails changes nothing", () =>
  inTinyFolder(async (folder) => {
    await finish(folder, { out: "whole" });
    for (const event of ["step 4", "step 5", "student 6"]) {
      await finish(folder, { out: event, meddles: [event, "throw"], flags: QUEUED });
      assert.deepEqual(await outcomeOf(join(folder, event)), await outcomeOf(join(folder, "whole")), event);
    }
  }));
