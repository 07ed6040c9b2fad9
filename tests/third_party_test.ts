/**
 * Plugins in one file each outside of the repository, named by their paths in a recipe.
 *
 * @module
 */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { checkDataSource, checkLogger } from "@seed/core/conformance";
import { testContext } from "./support/engine.ts";
import csvLogger from "../examples/csv_logger.ts";
import dataGzip from "../examples/gzip_pictures.ts";
import { runCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";

const STUDENT = new URL("./support/plugins.ts", import.meta.url).href;

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

Deno.test("a third party's teacher meets batches that are not full, and small patches", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-third-party-" });
  try {
    await makeImageFolder(`${folder}/images`, { train: 5 });
    await Deno.copyFile(new URL("../examples/my_teacher.ts", import.meta.url), `${folder}/my_teacher.ts`);
    await Deno.writeTextFile(
      `${folder}/mine.yaml`,
      `version: 1
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 32 }
small_patches: { augmenter: { plugin: "@seed/augmenter-swav", size: 16 }, count: 2 }
teacher: { plugin: ./my_teacher.ts, cells: 2, cache: { views: 2, dir: cache } }
student: { plugin: "${STUDENT}#student" }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-seed" }
train: { batch_size: 4, epochs: 1, lr: 0.03 }
`,
    );
    const cached = await runCli(["cache", "mine.yaml", "--json"], { cwd: folder });
    assert.equal(cached.code, 0, cached.stderr);
    const { images } = JSON.parse(
      (await runCli(["view", "mine.yaml", "--out", "v.html", "--json"], { cwd: folder })).stdout,
    );
    assert.ok(images % 4, "the last batch is full");
    assert.equal(JSON.parse(cached.stdout).views, images * (2 + 2 * 2)); // of each view its two patches
    const { code, stderr } = await runCli(["distill", "mine.yaml", "--max-steps", "2"], { cwd: folder });
    assert.equal(code, 0, stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Packs the pictures of a folder by class as the example reads them, in the order in which a folder is listed. */
async function packGzip(root: string, file: string): Promise<void> {
  const list: { name: string; offset: number; length: number }[] = [], parts: Uint8Array[] = [];
  let offset = 0;
  for (const kind of [...Deno.readDirSync(root)].map(({ name }) => name).sort()) {
    for (const name of [...Deno.readDirSync(`${root}/${kind}`)].map(({ name }) => name).sort()) {
      const part = gzipSync(await Deno.readFile(`${root}/${kind}/${name}`));
      list.push({ name: `${kind}/${name}`, offset, length: part.length });
      parts.push(part);
      offset += part.length;
    }
  }
  await Deno.writeFile(file, Uint8Array.from(parts.flatMap((part) => [...part])));
  await Deno.writeTextFile(`${file}.json`, JSON.stringify(list));
}

Deno.test("a third party's data source brings a reader: what it inflates trains as the pictures themselves do", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "seed-third-party-" });
  try {
    await makeImageFolder(`${folder}/images`, { train: 4 });
    await packGzip(`${folder}/images/train`, `${folder}/pictures.gz`);
    await Deno.copyFile(
      new URL("../examples/gzip_pictures.ts", import.meta.url),
      `${folder}/gzip_pictures.ts`,
    );
    await t.step(
      "it keeps a data source's promises",
      (t) =>
        checkDataSource(t, { make: () => dataGzip.create({ file: `${folder}/pictures.gz` }, testContext) }),
    );
    const recipe = (data: string) =>
      `version: 1
data: ${data}
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 32 }
student: { plugin: "${STUDENT}#student" }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-moco" }
train: { batch_size: 4, epochs: 1, lr: 0.03 }
`;
    const losses: number[] = [];
    for (
      const [name, data] of Object.entries({
        gzip: "{ plugin: ./gzip_pictures.ts, file: pictures.gz, on_error: skip }",
        folder: `{ plugin: "@seed/data-image-folder", root: images/train }`,
      })
    ) {
      await Deno.writeTextFile(`${folder}/${name}.yaml`, recipe(data));
      const args = ["distill", `${name}.yaml`, "--max-steps", "2", "--json"];
      const { code, stdout, stderr } = await runCli(args, { cwd: folder });
      assert.equal(code, 0, stderr);
      losses.push(JSON.parse(stdout).final_loss);
    }
    assert.ok(losses[0] > 0);
    assert.equal(losses[0], losses[1]);
    const looked = await runCli(["view", "gzip.yaml", "--out", "look.html", "--json"], { cwd: folder });
    assert.equal(looked.code, 0, looked.stderr);
    assert.equal(JSON.parse(looked.stdout).images, 12);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a third party's logger drops the lines of steps that a resume takes again", (t) =>
  checkLogger(t, {
    make: (runDirectory) => csvLogger.create({ file: "loss.csv" }, { ...testContext, runDirectory }),
  }));
