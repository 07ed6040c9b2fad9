import assert from "node:assert/strict";
import { inFolder } from "../../tests/support/plugin_context.ts";
import { beginningOf } from "./beginning.ts";

Deno.test("a student begins from what is named, and else from the demo's run if that has its network and is done", () =>
  inFolder(async (folder) => {
    const run = `${folder}/demo`, file = `${folder}/mine.pth`;
    const of = (given: string | null, network: string) => beginningOf(given, network, run);
    await assert.rejects(of(file, "resnet18"), /^UsageError: --begin .*mine\.pth"/);
    await Deno.writeTextFile(file, "");
    assert.equal(await of(file, "resnet18"), file);
    assert.equal(await of(null, "resnet18"), null);
    await Deno.mkdir(run);
    await Deno.writeTextFile(`${run}/run.json`, '{ "student": { "network": "resnet18" } }');
    assert.equal(await of(null, "resnet18"), null, "the run is not done");
    await Deno.writeTextFile(`${run}/student.safetensors`, "");
    assert.equal(await of(null, "resnet18"), run);
    assert.equal(await of(null, "resnet34"), null);
    assert.equal(await of("noise", "resnet18"), null);
    await Deno.writeTextFile(`${run}/run.json`, "{");
    await assert.rejects(of(null, "resnet18"), /run\.json" is damaged/);
    assert.equal(await of("noise", "resnet18"), null);
  }));
