/**
 * A run is resumed by what is in its folder alone: without its recipe, or with the one that it has written itself.
 *
 * @module
 */
import assert from "node:assert/strict";
import { runCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { inFolder } from "./support/plugin_context.ts";

const support = (file: string) => new URL(`./support/${file}`, import.meta.url).href;

const RECIPE = `version: 1
engine: { plugin: "${support("plugins.ts")}#engine" }
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 8 }
student: { plugin: "${support("plugins.ts")}#student" }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-moco" }
train: { batch_size: 4, epochs: 9, lr: 0.1, workers: 1 }
`;

/** As a run is begun; the half of it. */
const BEGUN = ["distill", "mine.yaml", "--set", "train.epochs=2", "--max-steps", "3"];

Deno.test("a run goes on as it was begun by what is in its folder alone", () =>
  inFolder(async (folder) => {
    const cli = async (...args: string[]) => {
      const { code, stderr } = await runCli(args, { cwd: folder });
      const [message = ""] = stderr.trim().split("\n").filter((line) => !/^ +Example:/.test(line)).slice(-1);
      return { code, message };
    };
    const done = async (...args: string[]) => {
      const { code, message } = await cli(...args);
      assert.equal(code, 0, message);
    };
    await makeImageFolder(`${folder}/images`, { train: 12 }, ["rows"]);
    await Deno.writeTextFile(`${folder}/mine.yaml`, RECIPE);
    await done("distill", "mine.yaml", "--set", "train.epochs=2", "--out", "whole");
    for (const out of ["runs/mine", "runs/mine-2", "runs/mine-3"]) await done(...BEGUN, "--out", out);
    await Deno.remove(`${folder}/mine.yaml`);

    await done("distill", "--resume", "--out", "runs/mine", "--allow-plugins");
    await done("distill", "--resume", "runs/mine-2/recipe.yaml");
    await done("distill", "runs/mine-3/recipe.yaml", "--out", "./runs/mine-3/", "--resume");
    const read = async (run: string, file: string) => await Deno.readFile(`${folder}/${run}/${file}`);
    const whole = await read("whole", "student.safetensors");
    for (const run of ["runs/mine", "runs/mine-2", "runs/mine-3"]) {
      assert.deepEqual(await read(run, "student.safetensors"), whole);
      const summary = JSON.parse(new TextDecoder().decode(await read(run, "summary.json")));
      assert.deepEqual([summary.recipe, summary.steps], ["mine", 6]);
      assert.deepEqual(await read(run, "recipe.yaml"), await read("whole", "recipe.yaml"));
    }

    const refusals: [args: string[], says: RegExp][] = [
      // The folder may come from anywhere: its plugins are not imported unasked.
      [["--out", "runs/mine"], /./],
      [["--out", "runs/mine", "--allow-plugins", "--set", "train.lr=0.5"], /start another run with --out$/],
      [[], /^Expected a recipe, or the folder of the run to resume as --out$/],
      [["--out", "nowhere"], /^There is no run to resume in "nowhere"; name its folder by --out$/],
      [["whole/recipe.yaml", "--allow-plugins"], /^--allow-plugins is for the recipe in a run's folder/],
      [["whole/recipe.yaml", "images"], /^Expected one recipe, got 2/],
    ];
    for (const [args, says] of refusals) {
      const { code, message } = await cli("distill", "--resume", ...args);
      assert.equal(code, 2, args.join(" "));
      assert.match(message, says);
    }
    const { stderr } = await runCli(["distill", "--resume", "--out", "runs/mine"], { cwd: folder });
    assert.match(stderr, /The plugin "file:.*plugins\.ts#engine" does not come with SEED/);
  }));
