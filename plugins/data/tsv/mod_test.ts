import assert from "node:assert/strict";
import { join } from "node:path";
import { type ImageSet, loadImage, RunError } from "@seed/core";
import { utf8 } from "../../../tests/support/bytes.ts";
import { contextIn, inFolder } from "../../../tests/support/plugin_context.ts";
import plugin, { type TsvImage, writeTsv } from "./mod.ts";

const open = async (folder: string, root = ".", logged: string[] = []) =>
  await plugin.create({ root }, contextIn(folder, logged));

/** Lines of label and text in base64. */
const linesOf = (...images: [label: string, content: string][]) =>
  images.map(([label, content]) => `${label}\t${utf8(content).toBase64()}\n`).join("");

async function contents(set: ImageSet): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let i = 0; i < set.length; i++) {
    const image = set.image(i), bytes = await loadImage(image) as Uint8Array;
    found.push([image.name, new TextDecoder().decode(bytes), set.classNames?.[set.label!(i)]]);
  }
  return found;
}

Deno.test("lines come with their labels, by the index beside them or without one", () =>
  inFolder(async (folder) => {
    const path = join(folder, "train.tsv"),
      text = linesOf(["3", "one"], ["0", "two two"], ["3", "x".repeat(9999)]);
    await Deno.writeTextFile(path, text);
    const expected = [
      ["train.tsv/1", "one", "3"],
      ["train.tsv/2", "two two", "0"],
      ["train.tsv/3", "x".repeat(9999), "3"],
    ];
    const check = async () => {
      using source = await open(folder, "train.tsv");
      assert.deepEqual(await contents(source.train), expected);
      assert.deepEqual([source.train.label!(0), source.train.classNames!.length, source.evaluation], [
        3,
        4,
        null,
      ]);
    };
    await check();
    await Deno.remove(join(folder, "cache"), { recursive: true });
    const second = text.indexOf("\n") + 1, third = text.indexOf("\n", second) + 1;
    await Deno.writeTextFile(join(folder, "train.lineidx"), `0\n${second}\n${third}\n`);
    await check();
    await Deno.writeTextFile(path, text.trimEnd().replaceAll("\n", "\r\n"));
    await Deno.writeTextFile(join(folder, "train.lineidx"), `0\r\n${second + 1}\r\n${third + 2}`);
    await check();
  }));

Deno.test("labels that are texts mean the same in train.tsv and val.tsv", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "train.tsv"), linesOf(["dog", "a"], ["007", "b"], ["cat", "c"]));
    await Deno.writeTextFile(join(folder, "val.tsv"), linesOf(["1", "d"], ["0", "e"]));
    using source = await open(folder);
    assert.deepEqual(source.train.classNames, ["0", "007", "1", "cat", "dog"]);
    assert.deepEqual((await contents(source.train)).map((image) => (image as string[])[2]), [
      "dog",
      "007",
      "cat",
    ]);
    assert.deepEqual((await contents(source.evaluation!.queries)).map((image) => (image as string[])[2]), [
      "1",
      "0",
    ]);
  }));

Deno.test("images without labels have an empty one", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "train.tsv"), linesOf(["", "a"], ["", "b"]));
    using source = await open(folder);
    assert.deepEqual([source.train.label, source.train.length], [undefined, 2]);
  }));

Deno.test("what writeTsv() writes is read again, by its index", () =>
  inFolder(async (folder) => {
    async function* images(): AsyncGenerator<TsvImage> {
      for (const label of ["b", "ä", "b"]) {
        yield { name: "n", label, bytes: utf8(`image of ${label}`) };
      }
    }
    await writeTsv(images(), join(folder, "train.tsv"));
    const starts = (await Deno.readTextFile(join(folder, "train.lineidx"))).trim().split("\n");
    assert.deepEqual(starts, ["0", "21", "43"]); // 1 + 1 + 1 + 1 + 16 + 1 bytes, and one more for ä, whose text is longer
    using source = await open(folder);
    const expected = ["b", "ä", "b"].map((label, i) => [`train.tsv/${i + 1}`, `image of ${label}`, label]);
    assert.deepEqual(await contents(source.train), expected);
  }));

Deno.test("what is wrong with a file or its index is told with the line", () =>
  inFolder(async (folder) => {
    const two = linesOf(["a", "one"], ["b", "two"]); // lines of 7 bytes
    const cases: [tsv: string, lineidx: string | null, RegExp][] = [
      ["", null, /x\.tsv" is empty, expected lines of name, tab, label, tab, image/],
      ["", "0\n", /x\.tsv" is empty, expected lines of name/],
      [`${two}no tab\n`, null, /x\.tsv:3: the line at byte 14 has no tab among its first 4096 bytes/],
      [`${two}c\t\n`, null, /x\.tsv:3: .* has no image after the last tab/],
      [`${two}\tQUJD\n`, null, /x\.tsv:3: .* has no label, but those before have one/],
      [`\tQUJD\n${two}`, null, /x\.tsv:2: .* has a label, but those before have none/],
      [two.slice(0, -2), null, /x\.tsv:2: .* ends within its image: the file was cut short/],
      [two, "0\n5\n", /x\.tsv:2: the line at byte 5 begins within another; remove "x\.lineidx"/],
      [two, "0\n", /x\.tsv:1: .* is the last that "x\.lineidx" has, but others follow/],
      [
        two,
        "0\n14\n",
        /x\.lineidx:2: found "14", expected .* more than 0 and less than 14; remove the index/,
      ],
      [two, "0\n0\n", /x\.lineidx:2: found "0"/],
      [two, "7\n", /x\.lineidx:1: found "7", expected the first byte of a line, 0/],
      [two, "0\n\n7\n", /x\.lineidx:2: found ""/],
      [two, "0\nseven\n", /x\.lineidx:2: found "seven"/],
    ];
    for (const [i, [tsv, lineidx, says]] of cases.entries()) {
      await Deno.mkdir(join(folder, `${i}`));
      await Deno.writeTextFile(join(folder, `${i}/x.tsv`), tsv);
      if (lineidx !== null) await Deno.writeTextFile(join(folder, `${i}/x.lineidx`), lineidx);
      await assert.rejects(open(folder, `${i}/x.tsv`), (error: unknown) => {
        assert.ok(error instanceof RunError, `${error}`);
        assert.match(error.message, says);
        return true;
      });
    }
    await assert.rejects(open(folder, "nowhere"), /There is no ".*nowhere"; set data\.root to a \.tsv/);
    await assert.rejects(open(folder), /There is no file ".*train\.tsv"/);
  }));

Deno.test("a line that is too long for an image is refused before it is read", () =>
  inFolder(async (folder) => {
    using file = await Deno.create(join(folder, "train.tsv"));
    await file.write(utf8("3\tQUJD"));
    await file.truncate((1 << 28) + 3); // a hole
    await assert.rejects(
      open(folder),
      /train\.tsv:1: .* has 268435457 bytes, expected at most 268435456 of an image/,
    );
  }));

Deno.test("of three columns, as SEED's code has them, the second is the label", () =>
  inFolder(async (folder) => {
    const name = "n01440764/n01440764_10026.JPEG, a name of more bytes than are looked at first";
    const lines = ["3", "0"].map((label, i) =>
      `${i ? name : "a"}\t${label}\t${utf8(`image ${i}`).toBase64()}\n`
    );
    await Deno.writeTextFile(join(folder, "train.tsv"), lines.join(""));
    using source = await open(folder);
    assert.deepEqual(await contents(source.train), [
      ["train.tsv/1", "image 0", "3"],
      ["train.tsv/2", "image 1", "0"],
    ]);
    assert.equal(source.train.label!(0), 3);
  }));

Deno.test("all lines have the first one's columns", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "fewer.tsv"), "a\t3\tQUJD\n3\tQUJD\n");
    await assert.rejects(
      open(folder, "fewer.tsv"),
      /fewer\.tsv:2: the line at byte 9 has fewer than 2 tabs, as the first line has them, among its first/,
    );
    await Deno.writeTextFile(join(folder, "more.tsv"), "3\tQUJD\nname\t3\tQUJD\n");
    using source = await open(folder, "more.tsv");
    await assert.rejects(
      loadImage(source.train.image(1)),
      /more\.tsv" at byte 12 is not base64 .* a blank within/,
    );
  }));

Deno.test("test.tsv is searched for if there is no val.tsv; other names of splits are an error", () =>
  inFolder(async (folder) => {
    const put = (name: string, ...lines: [string, string][]) =>
      Deno.writeTextFile(join(folder, name), linesOf(...lines));
    await put("training.tsv", ["cat", "one"]);
    await assert.rejects(
      open(folder),
      /There is no file ".*train\.tsv", but "training\.tsv"; set data\.root to/,
    );
    await put("train.tsv", ["cat", "one"]);
    await put("Val.tsv", ["dog", "two"]);
    await assert.rejects(
      open(folder),
      /has train\.tsv and "Val\.tsv", but no val\.tsv: rename what is searched for/,
    );
    await put("test.tsv", ["dog", "two"]);
    const logged: string[] = [];
    using source = await plugin.create({ root: "." }, contextIn(folder, logged));
    assert.equal(source.evaluation!.queries.image(0).name, "test.tsv/1");
    assert.match(logged.join("\n"), /Passed over in ".*": "Val\.tsv", "training\.tsv"/);
    assert.match(logged.join("\n"), /1 of 1 images that are searched for are of classes .*: "dog" \(1\)/);
    await put("test.tsv", ["", "two"]);
    await assert.rejects(
      open(folder),
      /1 of 2 images have no label, .* the first without is "1" in ".*test\.tsv"/,
    );
  }));

Deno.test("what is no such file is told as what it is", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "a.tsv"), "<!DOCTYPE html>\n<html>404</html>");
    await assert.rejects(
      open(folder, "a.tsv"),
      /a\.tsv" is a web page, .*, expected lines of name, tab, label, tab, image/,
    );
    await Deno.writeFile(join(folder, "b.tsv"), Uint8Array.of(0x1f, 0x8b, 8, 9, 10));
    await assert.rejects(open(folder, "b.tsv"), /b\.tsv" is compressed by gzip/);
  }));
