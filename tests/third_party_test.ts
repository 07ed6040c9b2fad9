/**
 * A plugin in one file outside of the repository, named by its path in a recipe.
 *
 * @module
 */
import assert from "node:assert/strict";
import { runCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";

Deno.test("a third party's teacher, one file named by its path from the recipe, teaches a ResNet-18", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-third-party-" });
  try {
    await makeImageFolder(`${folder}/images`, { train: 4 });
    await Deno.mkdir(`${folder}/recipes/plugins`, { recursive: true });
    const teacher = new URL("../examples/my_teacher.ts", import.meta.url);
    await Deno.copyFile(teacher, `${folder}/recipes/plugins/my_teacher.ts`);
    await Deno.writeTextFile(
      `${folder}/recipes/mine.yaml`,
      `version: 1
data: { plugin: "@seed/data-image-folder", root: images } # from where the command is run
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 32 }
teacher: { plugin: ./plugins/my_teacher.ts, cells: 2 } # from where the recipe is
student: { plugin: "@seed/student-resnet", depth: 18 }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-seed" }
train: { batch_size: 4, epochs: 1, lr: 0.03 }
`,
    );
    const { code, stdout, stderr } = await runCli(
      ["distill", "recipes/mine.yaml", "--max-steps", "2", "--json"],
      { cwd: folder },
    );
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^Teacher +my-teacher, 12 dimensions$/m);
    const { steps, final_loss } = JSON.parse(stdout);
    assert.equal(steps, 2);
    assert.ok(final_loss > 0 && final_loss < 20, `the loss is ${final_loss}`);
    // The run's own recipe works from anywhere: its path to the plugin is absolute.
    const copy = `${folder}/runs/mine/recipe.yaml`;
    assert.equal((await runCli(["validate", copy])).code, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
