/**
 * Names that come from files - of pictures, classes, tensors, members, keys, runs, figures - hold what a terminal
 * obeys; each goes through a verb that prints it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { writeSafetensors } from "@seed/core";
import sharp from "sharp";
import { type Outcome, ROOT, runCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";

/** A title, a bell, a cleared line, a colour by C1, a turned direction, and a line that claims the end. */
const NAME = "\x1b]0;PWNED\x07\x1b[2K\x9b31m\u202e\nDone: faked";

/** What no terminal must get: all but newlines and tabs of C0, DEL, C1, and controls of direction. */
const OBEYED =
  // deno-lint-ignore no-control-regex
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

/** That the name was printed, on one line and without what is obeyed. */
function assertShown({ stdout, stderr }: Outcome, name = "PWNED"): void {
  const all = stdout + stderr;
  assert.ok(all.includes(name), `The name is not printed, so nothing is tried:\n${all}`);
  assert.ok(!OBEYED.test(all), JSON.stringify(all));
  assert.ok(!/^Done: faked/m.test(all), all);
}

const RECIPE = `version: 1
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 32 }
student: { plugin: "@seed/student-resnet", depth: 18, head: { hidden: 16, dim: 12 } }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-moco" }
train: { batch_size: 4, epochs: 1, lr: 0.03 }
`;

/** A tar of these members, one block each. */
function tarOf(members: Record<string, Uint8Array>): Uint8Array {
  const blocks: Uint8Array[] = [], encoder = new TextEncoder();
  for (const [name, content] of Object.entries(members)) {
    const header = new Uint8Array(512),
      put = (at: number, text: string) => header.set(encoder.encode(text), at);
    put(0, name);
    put(100, "0000644\0");
    put(124, `${content.length.toString(8).padStart(11, "0")}\0`);
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    put(148, `${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0")}\0 `);
    const padded = new Uint8Array(Math.ceil(content.length / 512) * 512);
    padded.set(content);
    blocks.push(header, padded);
  }
  blocks.push(new Uint8Array(1024));
  return Uint8Array.from(blocks.flatMap((block) => [...block]));
}

Deno.test("what a terminal obeys in foreign names reaches no terminal", {
  ignore: Deno.build.os === "windows", // where no file has such a name
}, async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "seed-foreign-" });
  const cli = (...args: string[]) => runCli(args, { cwd: folder });
  try {
    await makeImageFolder(`${folder}/images`, { train: 2, val: 1 });
    await Deno.writeTextFile(`${folder}/recipe.yaml`, RECIPE);

    await t.step("a picture that does not decode", async () => {
      await Deno.mkdir(`${folder}/broken`);
      await Deno.writeTextFile(`${folder}/broken/${NAME}.png`, "no picture");
      const told = await cli("view", "recipe.yaml", "--set", "data.root=broken", "--out", "v.html");
      assert.equal(told.code, 1);
      assertShown(told);
    });

    await t.step("a class folder, as text and as JSON", async () => {
      await makeImageFolder(`${folder}/classes`, { train: 2, val: 1 }, ["one", NAME]);
      const args = ["view", "recipe.yaml", "--set", "data.root=classes", "--out", "v.html", "--json"];
      const told = await cli(...args);
      assert.equal(told.code, 0, told.stderr);
      assertShown(told);
      assert.deepEqual(Object.keys(JSON.parse(told.stdout).classes).sort(), [NAME, "one"].sort());
    });

    await t.step("a tensor, and metadata of its file", async () => {
      const one = { name: NAME, shape: [1], data: Float32Array.of(1) };
      await writeSafetensors(`${folder}/w.safetensors`, [one], { network: NAME, std: NAME });
      const told = await cli(
        ...["export", "--network", "resnet18", "--weights", "w.safetensors"],
        ...["--to", "pth", "--out", "w.pth"],
      );
      assert.equal(told.code, 1);
      assertShown(told);
    });

    await t.step("a tar member", async () => {
      const png = await sharp({ create: { width: 40, height: 40, channels: 3, background: "#123456" } }).png()
        .toBuffer();
      await Deno.mkdir(`${folder}/shards`);
      const bad = `../${NAME}`;
      await Deno.writeFile(`${folder}/shards/train-000000.tar`, tarOf({ "a.png": png, [`${bad}.png`]: png }));
      const data = `data={ plugin: "@seed/data-webdataset", root: shards }`;
      const told = await cli("view", "recipe.yaml", "--set", data, "--out", "v.html");
      assert.equal(told.code, 1, told.stderr);
      assertShown(told);
    });

    await t.step("keys and lines of a recipe, and its path", async () => {
      const key = JSON.stringify(NAME);
      await Deno.writeTextFile(`${folder}/key.yaml`, `${RECIPE}${key}: 1\n`);
      assertShown(await cli("validate", "key.yaml"));
      await Deno.writeTextFile(`${folder}/option.yaml`, RECIPE.replace("lr: 0.03", `lr: ${key}`));
      assertShown(await cli("validate", "option.yaml"));
      await Deno.writeTextFile(
        `${folder}/syntax.yaml`,
        `${RECIPE}# ${NAME.replace("\n", " ")}: [\nx: [ # \x1b[31mPWNED`,
      );
      assertShown(await cli("validate", "syntax.yaml"));
      await Deno.writeTextFile(`${folder}/plugin.yaml`, RECIPE.replace('"@seed/queue-fifo"', key));
      assertShown(await cli("validate", "plugin.yaml"));
      assertShown(await cli("validate", `${NAME}.yaml`));
      await Deno.writeTextFile(`${folder}/root.yaml`, RECIPE.replace("root: images", `root: ${key}`));
      const resolved = await cli("validate", "root.yaml", "--resolved");
      assert.equal(resolved.code, 0, resolved.stderr);
      assertShown(resolved);
      // What is printed is a recipe that means the same.
      await Deno.writeTextFile(`${folder}/again.yaml`, resolved.stdout);
      const again = await cli("validate", "again.yaml", "--resolved");
      assert.equal(again.stdout, resolved.stdout);
      assertShown(await cli("view", "again.yaml", "--out", "v.html"));
    });

    await t.step("a run's folder and figures, damaged or whole", async () => {
      const run = `${folder}/runs/${NAME}`;
      await Deno.mkdir(run, { recursive: true });
      await Deno.writeTextFile(`${run}/recipe.yaml`, RECIPE);
      await Deno.writeTextFile(`${run}/run.json`, "{}");
      for (const summary of [{ steps: NAME, final_loss: NAME }, { [NAME]: NAME, evaluations: NAME }]) {
        await Deno.writeTextFile(`${run}/summary.json`, JSON.stringify(summary));
        assertShown(await cli("ls", "runs"));
        assertShown(await cli("ls", "runs", "--json"));
      }
      await Deno.writeTextFile(`${run}/summary.json`, `{"steps": ${NAME}`);
      assertShown(await cli("ls", "runs"));
      assertShown(await cli("eval", "--run", `runs/${NAME}`));
    });

    await t.step("words of the command line", async () => {
      assertShown(await cli(NAME));
      assertShown(await cli("ls", NAME));
      assertShown(await cli("validate", `--${NAME}`));
      assertShown(await cli("export", "--network", NAME, "--weights", NAME, "--to", "pth", "--out", "x.pth"));
      assertShown(
        await cli("export", "--network", "resnet18", "--weights", NAME, "--to", "pth", "--out", "x"),
      );
      assertShown(await cli("validate", "recipe.yaml", "--set", NAME));
      assertShown(await cli("validate", "recipe.yaml", "--set", `${NAME}=1`));
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("nothing writes past the console and the status line, which escape", async () => {
  const found: string[] = [];
  const look = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(ROOT + folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) await look(path);
      else if (/(?<!_test)\.ts$/.test(name) && !/testdata|assembly/.test(path)) {
        const text = await Deno.readTextFile(ROOT + path);
        if (/\b(stdout|stderr)\s*\.\s*(write|writable)|process\.(stdout|stderr)/.test(text)) found.push(path);
      }
    }
  };
  for (const folder of ["cli", "core", "nn", "plugins"]) await look(folder);
  // One is the sink, the other a suite that watches for the like in loggers.
  assert.deepEqual(found.sort(), ["core/conformance/logger.ts", "core/text/status_line.ts"]);
});
