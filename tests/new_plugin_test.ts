/**
 * `new plugin`: what it writes passes as it is, in a folder that knows nothing of this repository.
 *
 * @module
 */
import assert from "node:assert/strict";
import { runCli } from "./support/cli.ts";
import { inFolder } from "./support/plugin_context.ts";

const KINDS = [
  "data",
  "augmenter",
  "teacher",
  "student",
  "queue",
  "objective",
  "evaluator",
  "logger",
  "engine",
];

Deno.test("a plugin of each kind passes its test and its conformance suite in a folder elsewhere", (t) =>
  inFolder(async (folder) => {
    for (const kind of KINDS) {
      const made = await runCli(["new", "plugin", kind, `fresh-${kind}`, "--json"], { cwd: folder });
      assert.equal(made.code, 0, made.stderr);
      assert.deepEqual(JSON.parse(made.stdout).files, [
        ...[`fresh_${kind}.ts`, `fresh_${kind}_test.ts`, "deno.jsonc"],
      ]);
    }
    await t.step("with no word of the template's left", async () => {
      for (const kind of KINDS) {
        for (const name of [`fresh_${kind}.ts`, `fresh_${kind}_test.ts`]) {
          const text = await Deno.readTextFile(`${folder}/fresh-${kind}/${name}`);
          assert.doesNotMatch(text, /my[-_]plugin/i, name);
          assert.match(text, new RegExp(`fresh[-_]${kind}`), name);
        }
      }
    });
    await t.step("all in one folder, to check types once", async () => {
      const all = `${folder}/all`;
      await Deno.mkdir(all);
      for (const kind of KINDS) {
        for (const { name } of Deno.readDirSync(`${folder}/fresh-${kind}`)) {
          await Deno.copyFile(`${folder}/fresh-${kind}/${name}`, `${all}/${name}`);
        }
      }
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        ...{ args: ["test", "--allow-all"], cwd: all, env: { NO_COLOR: "1" } },
      }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      assert.equal(code, 0, text(stdout) + text(stderr));
      assert.match(text(stdout), /^ok \| 18 passed/m);
    });
  }));

Deno.test("a run takes the plugin by its path from the recipe", () =>
  inFolder(async (folder) => {
    const { stderr, code } = await runCli(["new", "plugin", "objective", "my-loss"], { cwd: folder });
    assert.equal(code, 0, stderr);
    const [line] = stderr.match(/objective: .*/) ?? [];
    assert.equal(line, 'objective: { plugin: "./my-loss/my_loss.ts" }');
    await Deno.writeTextFile(
      `${folder}/mine.yaml`,
      `version: 1
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 32 }
teacher: { plugin: "@seed/teacher-efficientnet-lite" }
student: { plugin: "@seed/student-resnet", depth: 18 }
${line}
train: { batch_size: 4, epochs: 1, lr: 0.03 }
`,
    );
    const valid = await runCli(["validate", "mine.yaml"], { cwd: folder });
    assert.equal(valid.code, 0, valid.stderr);
  }));

Deno.test("nothing is overwritten, and what is wrong is told with an example", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/taken`);
    await Deno.writeTextFile(`${folder}/taken/mine.ts`, "mine");
    const cases: [args: string[], says: RegExp][] = [
      [["objective", "taken"], /"taken" is a folder that is not empty; nothing is overwritten/],
      [
        ["objective"],
        /Expected a kind and a name; kinds are data,[^]*Example: .*\n.* new plugin objective my-loss/,
      ],
      [["loss", "a"], /There is no kind of plugin "loss"\. There are data/],
      [["objectve", "a"], /Did you mean "objective"\?/],
      [["queue", "My Queue"], /has small letters, digits and hyphens, got "My Queue"/],
      [["queue", "../up"], /got "\.\.\/up"/],
    ];
    for (const [args, says] of cases) {
      const { code, stderr } = await runCli(["new", "plugin", ...args], { cwd: folder });
      assert.equal(code, 2, stderr);
      assert.match(stderr, says);
    }
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["taken"]);
    assert.equal(await Deno.readTextFile(`${folder}/taken/mine.ts`), "mine");
  }));
