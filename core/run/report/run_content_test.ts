import assert from "node:assert/strict";
import { inFolder } from "../../../tests/support/plugin_context.ts";
import { RunFolder } from "../run_folder.ts";
import { renderRun } from "./page.ts";
import { readRun } from "./run_content.ts";

Deno.test("a run's recipe without an end is told as damaged, and the rest is shown", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/recipe.yaml`, "a: &x { b: *x }\n");
    const run = await readRun(new RunFolder(folder));
    const [problem, ...others] = run.problems.filter((one) => one.includes("recipe.yaml"));
    assert.match(problem, /recipe\.yaml" is damaged: The alias "\*x" stands within what it names/);
    assert.deepEqual([others, run.settings], [[], {}]);
    assert.match(renderRun(run), /recipe\.yaml&quot; is damaged/);
  }));
