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
      [
        "a.jpg 1\nb.jpg,1\n",
        /x\.txt:2: the line has a "," in its path, as a table in CSV has: expected PATH, or/,
      ],
      ["path;label\nb.jpg;1;x\n", /x\.txt:2: the line has a ";" in its path/],
      [
        "img\\a.jpg 1\n",
        /x\.txt:1: the line has backslashes in its path: expected .* with \/ between folders/,
      ],
      ['"a.jpg" 1\n', /x\.txt:1: the line has quotes around its path/],
      [Uint8Array.of(0xff, 0xfe, 97, 0, 10, 0), /x\.txt" is text in UTF-16 \(save it as UTF-8\)/],
      [Uint8Array.of(0x1f, 0x8b, 8, 0), /x\.txt" is compressed by gzip/],
      ["version https://git-lfs.github.com/spec/v1\noid sha256:0\n", /x\.txt" is a pointer of Git LFS/],
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

Deno.test("a name with a comma or a backslash in it is one, if there is such a file", () =>
  inFolder(async (folder) => {
    for (const name of ["a.jpg,b", "c\\d.jpg", '"e"']) await Deno.writeTextFile(join(folder, name), "");
    await Deno.writeTextFile(join(folder, "x.txt"), 'a.jpg,b\t1\nc\\d.jpg 2\n"e" 0\nDoe, John.jpg 1\n');
    using source = await open(folder, { root: "x.txt" });
    assert.equal(source.train.length, 4);
  }));

Deno.test("labels in one list alone are an error; queries of classes without an image to train on are told", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "train.txt"), "a.jpg cat\nb.jpg dog\n");
    await Deno.writeTextFile(join(folder, "bare.txt"), "c.jpg\n");
    await assert.rejects(
      open(folder, { root: "train.txt", queries: "bare.txt" }),
      /^RunError: 1 of 3 images have no label, .* the first without is "c\.jpg" in ".*bare\.txt"\. Give all/,
    );
    await Deno.writeTextFile(join(folder, "val.txt"), "c.jpg fish\nd.jpg dog\ne.jpg fish\n");
    const logged: string[] = [], options = plugin.options.parse({ root: "train.txt", queries: "val.txt" });
    using _source = await plugin.create(options, contextIn(folder, logged));
    assert.match(logged[0], /^2 of 3 images that are searched for are of classes that .*: "fish" \(2\)\. No/);
  }));
