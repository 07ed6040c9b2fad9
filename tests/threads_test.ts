/**
 * Threads beside the main one are there at once: they load nothing of TensorFlow.js, which takes longer than all the
 * rest of theirs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ROOT } from "./support/cli.ts";

/** What TensorFlow.js leaves in a process that has loaded it. */
const TRACE = "_tfengine";

async function loadsTensorFlow(...modules: string[]): Promise<boolean> {
  const program = `
    for (const path of ${JSON.stringify(modules)}) await import(path);
    console.log("${TRACE}" in globalThis);
    Deno.exit(0);
  `;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", `${ROOT}deno.json`, "--ext=ts", program],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("threads that make views, and those that watch other processes, load nothing of TensorFlow.js", async () => {
  const augmenters = [...Deno.readDirSync(`${ROOT}plugins/augmenters`)].map(({ name }) =>
    `${ROOT}plugins/augmenters/${name}/mod.ts`
  );
  assert.ok(augmenters.length >= 4, `${augmenters}`);
  const threads = [
    "core/images/pipeline/worker.ts",
    "cli/processes/mpi/heartbeat_worker.ts",
    "cli/processes/rendezvous/worker.ts",
  ];
  const written = "cli/new/plugin/templates/augmenter/my_plugin.ts";
  assert.equal(
    await loadsTensorFlow(...augmenters, ...[...threads, written].map((path) => ROOT + path)),
    false,
  );
  assert.equal(await loadsTensorFlow("@seed/core"), true);
});
