import assert from "node:assert/strict";
import { join } from "node:path";
import { loadImage, RunError } from "@seed/core";
import { utf8 } from "../../../tests/support/bytes.ts";
import { contextIn, inFolder } from "../../../tests/support/plugin_context.ts";
import plugin from "./mod.ts";

const open = async (folder: string, options: Record<string, unknown>) =>
  await plugin.create(plugin.options.parse(options), contextIn(folder));

Deno.test("paths begin at the list; labels follow a tab or blanks", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "lists/dogs"), { recursive: true });
    await Deno.writeTextFile(join(folder, "lists/dogs/1.jpg"), "one");
    await Deno.writeTextFile(join(folder, "two of them.jpg"), "two");
    const lines = ["dogs/1.jpg 4", "../two of them.jpg\t0\r", `${folder}/two of them.jpg   1`];
    await Deno.writeTextFile(join(folder, "lists/train.txt"), lines.join("\n") + "\n");
    await Deno.writeTextFile(join(folder, "val.txt"), "lists/dogs/1.jpg\t2");
    using source = await open(folder, { root: "lists/train.txt", queries: "val.txt" });
    const { train, evaluation } = source;
    const read = await Promise.all([0, 1, 2].map((i) => loadImage(train.image(i))));
    assert.deepEqual(read, ["one", "two", "two"].map(utf8));
    assert.deepEqual([0, 1, 2].map((i) => train.label!(i)), [4, 0, 1]);
    assert.deepEqual(train.classNames, ["0", "1", "2", "3", "4"]);
    assert.equal(train.image(1).name, "train.txt:2/../two of them.jpg");
    assert.deepEqual([evaluation!.queries.length, evaluation!.queries.label!(0)], [1, 2]);
  }));

Deno.test("labels may be texts; lines that end as images do have none", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "named.txt"), "a b.jpg\told dog\nc.jpg\tcat\n");
    using named = await open(folder, { root: "named.txt" });
    assert.deepEqual([0, 1].map((i) => named.train.classNames![named.train.label!(i)]), ["old dog", "cat"]);
    await Deno.writeTextFile(join(folder, "plain.txt"), "a b.jpg\nc.JPEG\nno_ending\n");
    using plain = await open(folder, { root: "plain.txt" });
    assert.deepEqual([plain.train.length, plain.train.label, plain.evaluation], [3, undefined, null]);
    assert.equal(plain.train.image(0).file, join(folder, "a b.jpg"));
  }));

Deno.test("a line that cannot be read is told with list and line", () =>
  inFolder(async (folder) => {
    const cases: [string | Uint8Array, RegExp][] = [
      ["a.jpg 1\n\nb.jpg 1\n", /x\.txt:2: the line has no path$/],
      ["a.jpg 1\n\t2\n", /x\.txt:2: the line has no path$/],
      ["a.jpg 1\nb.jpg\n", /x\.txt:2: the line has no label, but those before have one$/],
      ["a.jpg\nb.jpg 1\n", /x\.txt:2: the line has a label, but those before have none$/],
      [Uint8Array.of(97, 10, 0xff, 10), /x\.txt:2: the line is not UTF-8$/],
      [Uint8Array.of(97, 0, 10), /x\.txt:1: the line has a zero byte in it/],
      ["", /The list ".*x\.txt" is empty/],
    ];
    for (const [content, says] of cases) {
      await Deno.writeFile(join(folder, "x.txt"), typeof content === "string" ? utf8(content) : content);
      await assert.rejects(open(folder, { root: "x.txt" }), (error: unknown) => {
        assert.ok(error instanceof RunError, `${error}`);
        assert.match(error.message, says);
        return true;
      });
    }
    await assert.rejects(open(folder, { root: "y.txt" }), /There is no list ".*y\.txt"; set data\.root/);
    await Deno.writeTextFile(join(folder, "x.txt"), "a.jpg");
    await assert.rejects(open(folder, { root: "x.txt", queries: "." }), /set data\.queries to a text file/);
  }));
