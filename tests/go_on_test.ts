/**
 * The line that an interrupted run prints, followed to the letter in a shell, finishes the run as it was begun.
 *
 * @module
 */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { definePlugin, z } from "@seed/core";
import { ROOT, runCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";

/** A logger that interrupts its own process after the step that the environment names, as Ctrl-C does. */
export const interrupting = definePlugin({
  kind: "logger",
  name: "interrupting-logger",
  apiVersion: 1,
  about: { summary: "Interrupts the process at a step that the environment names" },
  options: z.strictObject({}),
  create: () => ({
    step({ step }) {
      if (Deno.env.get("SEED_TEST_INTERRUPT") === `${step}`) Deno.kill(Deno.pid, "SIGINT");
    },
    [Symbol.dispose]() {},
  }),
});

const plugin = (name: string) => new URL(`./support/plugins.ts#${name}`, import.meta.url).href;

const RECIPE = `version: 1
engine: { plugin: "${plugin("engine")}" }
data: { plugin: "@seed/data-image-folder", root: elsewhere }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 8 }
student: { plugin: "${plugin("student")}" }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-moco" }
train: { batch_size: 4, epochs: 9, lr: 0.1, workers: 1 }
loggers: [{ plugin: "${import.meta.url}#interrupting" }]
`;

/** Arguments as a shell would give them: with blanks, quotes, a value in braces. */
const GIVEN = [
  ...["it's mine.yaml", "--set", "data.root=the pictures", "--set=objective.temperature=0.3"],
  ...["--set", "train={batch_size: 4, epochs: 3, lr: 0.1, workers: 1}", "--max-steps", "7"],
];

/** Not by npx, whatever started the tests. */
const ENV = { npm_lifecycle_event: "" };

const read = (path: string) => Deno.readTextFile(path);

Deno.test("the line that an interrupted run prints finishes it as it was begun", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed go on-" });
  try {
    await makeImageFolder(`${folder}/the pictures`, { train: 12 }, ["rows"]);
    await Deno.writeTextFile(`${folder}/it's mine.yaml`, RECIPE);
    const whole = await runCli(["distill", ...GIVEN, "--out", "whole"], { cwd: folder });
    assert.equal(whole.code, 0, whole.stderr);

    const begun = await runCli(["distill", ...GIVEN], {
      cwd: folder,
      env: { ...ENV, SEED_TEST_INTERRUPT: "2" },
    });
    assert.equal(begun.code, 130, begun.stderr);
    const [, line] = begun.stderr.match(/^Go on with: (.*)$/m)!, run = `${folder}/runs/it's mine`;
    // Nothing of it is left to whoever pastes it: it runs in a shell that knows no more than where Deno is.
    const shell = (command: string, env: Record<string, string> = {}) =>
      new Deno.Command("sh", {
        args: ["-c", command],
        cwd: folder,
        env: { PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`, ...ENV, ...env },
      }).output();
    const again = await shell(line, { SEED_TEST_INTERRUPT: "5" });
    assert.equal(again.code, 130);
    const [, second] = new TextDecoder().decode(again.stderr).match(/^Go on with: (.*)$/m)!;
    assert.equal(second, line);
    assert.equal((await shell(second)).code, 0);

    assert.deepEqual(
      await Deno.readFile(`${run}/student.safetensors`),
      await Deno.readFile(`${folder}/whole/student.safetensors`),
    );
    const steps = async (path: string) =>
      (await read(`${path}/metrics.jsonl`)).replaceAll(/"images_per_second":[^,]*/g, "");
    assert.equal(await steps(run), await steps(`${folder}/whole`));
    const { version } = JSON.parse(await read(`${ROOT}core/deno.json`));
    const facts = JSON.parse(await read(`${run}/run.json`));
    assert.equal(facts.versions.seed, version);
    assert.match(
      facts.command,
      / distill 'it'\\''s mine\.yaml' --set 'data\.root=the pictures' .*--max-steps 7$/,
    );
    assert.deepEqual(facts.resumed.map(({ command }: Record<string, unknown>) => command), [line, line]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
