/**
 * Paths with `%`, `#`, blanks and letters beyond ASCII, which URLs write otherwise: the program, its plugins, data,
 * cache and runs all lie below a folder of such a name.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { inFolder } from "./support/plugin_context.ts";

const ODD = "100% #1 äé😍";
/** What the program is made of; tests would only take time. */
const SOURCES = [
  "core",
  "cli",
  "nn",
  "plugins",
  "recipes",
  "tests/support",
  "deno.json",
  "deno.lock",
  "mod.ts",
];
const NOT_COPIED = /_test\.ts$|^testdata$/;

async function copy(from: string, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    if (!NOT_COPIED.test(name)) await copy(join(from, name), join(to, name));
  }
}

const RECIPE = `version: 1
engine: { plugin: "./${ODD}.ts#engine" }
data: { plugin: "@seed/data-image-folder", root: "da%20ta" }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 16 }
teacher: { plugin: "./${ODD}.ts", cache: { views: 2, dir: "ca#che" } }
student: { plugin: "./${ODD}.ts#student" }
queue: { plugin: "@seed/queue-fifo", size: 8 }
objective: { plugin: "@seed/objective-seed" }
train: { batch_size: 4, epochs: 2, lr: 0.1, workers: 1 }
`;

Deno.test("everything works below a folder with %, #, blanks and letters beyond ASCII in its name", async (t) => {
  await inFolder(async (base) => {
    const folder = join(base, ODD), repository = join(folder, "re#po");
    await Deno.mkdir(join(repository, "tests"), { recursive: true });
    for (const source of SOURCES) await copy(join(ROOT, source), join(repository, source));
    await makeImageFolder(join(folder, "da%20ta"), { train: 4, val: 2 }, [`%41 #${ODD}`, "?&="]);
    await Deno.writeTextFile(join(folder, "rec#ipe.yaml"), RECIPE);
    const support = JSON.stringify(`./re%23po/tests/support/`);
    await Deno.writeTextFile(
      join(folder, `${ODD}.ts`),
      `export { engine, student } from ${support.slice(0, -1)}plugins.ts";
       export { default } from ${support.slice(0, -1)}batch_dependent_teacher.ts";`,
    );
    const run = async (...args: string[]) => {
      const main = join(repository, "cli/main.ts");
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--allow-all", "--no-check", "--config", join(repository, "deno.json"), main, ...args],
        env: { NO_COLOR: "1", SEED_CACHE_DIR: join(folder, "SEED %") },
        cwd: folder,
      }).output();
      const text = new TextDecoder().decode(stderr);
      assert.equal(code, 0, text);
      return { stdout: new TextDecoder().decode(stdout), stderr: text };
    };
    await t.step("validate, with a plugin there", async () => {
      assert.match((await run("validate", "rec#ipe.yaml")).stderr, /rec#ipe\.yaml: valid/);
    });
    await t.step("distill, and resume, with a cache of the teacher", async () => {
      await run("distill", "rec#ipe.yaml", "--out", "runs/ru%6e #1", "--max-steps", "2");
      await run("distill", "rec#ipe.yaml", "--out", "runs/ru%6e #1", "--resume");
      const summary = JSON.parse(await Deno.readTextFile(join(folder, "runs/ru%6e #1/summary.json")));
      assert.equal(summary.steps, 4);
      const { stdout } = await run("ls", "runs", "--json");
      assert.ok(stdout.includes("ru%6e #1"), stdout);
    });
    await t.step("view", async () => {
      await run("view", "rec#ipe.yaml", "--out", "vi#ew%.html", "--images", "2");
      assert.ok((await Deno.readTextFile(join(folder, "vi#ew%.html"))).includes(`%41 #${ODD}`));
    });
    await t.step("pack, and the index of what is packed", async () => {
      await run("pack", "da%20ta", "pa#ck%", "--to", "tar");
      const data = `data={ plugin: "@seed/data-webdataset", root: "pa#ck%" }`;
      const { stdout } = await run(
        "view",
        "rec#ipe.yaml",
        "--set",
        data,
        "--out",
        "v.html",
        "--images",
        "2",
        "--json",
      );
      assert.deepEqual(JSON.parse(stdout).classes, { [`%41 #${ODD}`]: 4, "?&=": 4 });
      const names = await Array.fromAsync(Deno.readDir(join(folder, "SEED %")), ({ name }) => name);
      assert.deepEqual(names, ["seed_data-webdataset"]);
    });
  });
});
