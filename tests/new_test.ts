/**
 * `new` as somebody uses it who has a folder of pictures and nothing else.
 *
 * @module
 */
import assert from "node:assert/strict";
import { runCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { inFolder } from "./support/plugin_context.ts";

/** Few of them, and a small student: it is about the recipe, not about what is learnt. */
const FLAGS = ["--student", "mobilenet_v3_small", "--time", "20s"];

/** Writes a recipe, which must be valid and go through a dry run. */
async function madeRecipe(folder: string, data: string, ...flags: string[]) {
  const made = await runCli(["new", "--data", data, ...FLAGS, "--json", ...flags], { cwd: folder });
  assert.equal(made.code, 0, made.stderr);
  const told = JSON.parse(made.stdout), text = await Deno.readTextFile(`${folder}/${told.recipe}`);
  for (const args of [["validate", told.recipe], ["distill", told.recipe, "--dry-run"]]) {
    const { code, stderr } = await runCli(args, { cwd: folder });
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /Warning/);
  }
  return { told, text, stderr: made.stderr };
}

Deno.test("a recipe for a folder by class, with a blank in its path and with broken pictures, runs in its time", () =>
  inFolder(async (folder) => {
    await makeImageFolder(`${folder}/my photos`, { ".": 16 });
    await Deno.writeTextFile(`${folder}/my photos/rows/broken.jpg`, "no picture");
    const { told, text, stderr } = await madeRecipe(folder, "my photos");
    assert.equal(told.recipe, "my_photos.yaml");
    assert.match(told.command, / distill my_photos\.yaml$/);
    assert.deepEqual([told.folder.broken, told.folder.evaluation.heldOut, told.plan.skips], [1, 0.2, true]);
    const schema = text.match(/^# yaml-language-server: \$schema=(.+)$/m)?.[1];
    assert.equal(await Deno.realPath(`${folder}/${schema}`), await Deno.realPath("recipes/schema.json"));
    assert.match(text, /^ {2}held_out: 0\.2 #/m);
    assert.match(text, /^ {2}on_error: skip # .*: 1 of 49 that were read cannot be$/m);
    assert.match(text, /^ {2}knn: \{ k: \d+ \}$/m);
    assert.match(stderr, /^Broken +1; the first, "rows\/broken\.jpg": /m);
    const again = await runCli(["new", "--data", "my photos", "--out", told.recipe], { cwd: folder });
    assert.equal(again.code, 2);
    assert.match(again.stderr, /"my_photos\.yaml" is there already/);
    const below = ["--out", "my_photos.yaml/of/mine.yaml"]; // no folder, and told before anything is measured
    const nowhere = await runCli(["new", "--data", "my photos", ...below], { cwd: folder });
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stderr, /^Cannot write "my_photos\.yaml\/of\/mine\.yaml": Not a directory/);
    const { code, stdout, stderr: said } = await runCli(["distill", told.recipe, "--json"], {
      cwd: folder,
    });
    assert.equal(code, 0, said);
    assert.equal(JSON.parse(stdout).steps, told.plan.epochs * told.plan.stepsPerEpoch);
    const begin = ["--begin", "runs/my_photos", "--out", "further/on.yaml"];
    const other = await runCli(["new", "--data", "my photos", "--student", "resnet18", ...begin], {
      cwd: folder,
    });
    assert.equal(other.code, 2);
    assert.match(other.stderr, /runs\/my_photos.*resnet18/s);
    const on = await runCli(["new", "--data", "my photos", ...FLAGS, ...begin], { cwd: folder });
    assert.equal(on.code, 0, on.stderr);
    assert.match(await Deno.readTextFile(`${folder}/further/on.yaml`), /^ {2}weights: "runs\/my_photos" #/m);
  }));

Deno.test("a flat folder is evaluated without labels, and is asked for nothing where there is no terminal", () =>
  inFolder(async (folder) => {
    await makeImageFolder(folder, { flat: 40 }, [""]);
    const { told, text } = await madeRecipe(folder, "flat");
    assert.equal(told.folder.classes, null);
    assert.doesNotMatch(text, /knn:/);
    assert.match(text, /^ {2}agreement: \{ k: 1 \}$/m);
    const { code, stderr } = await runCli(["new"], { cwd: folder });
    assert.equal(code, 2);
    assert.match(stderr, /Expected --data; --help shows how\n +Example: .* new --data photos/);
  }));
