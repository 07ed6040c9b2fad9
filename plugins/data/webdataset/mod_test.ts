import assert from "node:assert/strict";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { type ImageSet, loadImage, RunError, TAR_END, tarMember } from "@seed/core";
import { joined, utf8 } from "../../../tests/support/bytes.ts";
import { contextIn, inFolder } from "../../../tests/support/plugin_context.ts";
import { sumOf } from "../../../core/data/tar/header.ts";
import plugin from "./mod.ts";
import { expandBraces } from "./shard_names.ts";

async function writeTar(path: string, files: Record<string, string>): Promise<void> {
  const chunks = Object.entries(files).flatMap(([name, content]) => tarMember(name, utf8(content)));
  await Deno.writeFile(path, joined([...chunks, TAR_END]));
}

const open = async (folder: string, options: Record<string, unknown>, logged: string[] = []) =>
  await plugin.create(plugin.options.parse(options), contextIn(folder, logged));

async function contents(set: ImageSet): Promise<[name: string, content: string, label?: number][]> {
  const found: [string, string, number?][] = [];
  for (let i = 0; i < set.length; i++) {
    const image = set.image(i), content = new TextDecoder().decode(await loadImage(image) as Uint8Array);
    found.push(set.label ? [image.name, content, set.label(i)] : [image.name, content]);
  }
  return found;
}

Deno.test("images of shards come with the labels beside them, whatever else is in a sample", () =>
  inFolder(async (folder) => {
    await writeTar(join(folder, "train-00.tar"), {
      "a/1.jpg": "one",
      "a/1.cls": "003",
      "a/2.cls": "0\n",
      "a/2.txt": "a caption",
      "a/2.JPEG": "two",
      "b.c/3.json": '{"label": 1, "caption": "three"}',
      "b.c/3.png": "three",
      "b.c/3.seg.png": "a mask",
      "b.c/._3.png": "what macOS adds",
    });
    await writeTar(join(folder, "train-01.tar"), { "4.webp": "four", "4.json": "{}", "4.cls": "2" });
    await writeTar(join(folder, "val.tar"), { "5.jpg": "five", "5.cls": "1" });
    using source = await open(folder, { root: "train-{00..01}.tar", queries: "val.tar" });
    const expected = [
      ["train-00.tar/a/1.jpg", "one", 3],
      ["train-00.tar/a/2.JPEG", "two", 0],
      ["train-00.tar/b.c/3.png", "three", 1],
      ["train-01.tar/4.webp", "four", 2],
    ];
    assert.deepEqual(await contents(source.train), expected);
    assert.deepEqual(await contents(source.evaluation!.queries), [["val.tar/5.jpg", "five", 1]]);
    assert.deepEqual(source.evaluation!.queries.classNames, ["0", "1", "2", "3"]);
    using listed = await open(folder, { root: ["train-00.tar", "train-01.tar"] });
    assert.deepEqual(await contents(listed.train), expected);
    assert.equal(listed.evaluation, null);
  }));

Deno.test("a folder gives its shards in order; classes have names if a file gives them", () =>
  inFolder(async (folder) => {
    for (const split of ["b", "a"]) {
      await Deno.mkdir(join(folder, "shards"), { recursive: true });
      await writeTar(join(folder, "shards", `${split}.tar`), { "1.jpg": split, "1.cls": "1" });
    }
    await Deno.writeTextFile(join(folder, "names.txt"), "cat\nold dog\n");
    const options = { root: "shards", queries: "shards/b.tar", class_names: "names.txt" };
    using source = await open(folder, options);
    assert.deepEqual(await contents(source.train), [["a.tar/1.jpg", "a", 1], ["b.tar/1.jpg", "b", 1]]);
    assert.deepEqual(source.train.classNames, ["cat", "old dog"]);
    await Deno.writeTextFile(join(folder, "names.txt"), "cat\n");
    await assert.rejects(
      async () => await open(folder, options),
      /has 1 names, but the shards have the label 1/,
    );
  }));

Deno.test("without any labels images are taken without; some labels alone are an error that counts them", () =>
  inFolder(async (folder) => {
    await writeTar(join(folder, "none.tar"), {
      "1.jpg": "one",
      "1.json": '{"caption": "a cat"}',
      "2.jpg": "two",
    });
    using source = await open(folder, { root: "none.tar", queries: "none.tar" });
    assert.equal(source.train.label, undefined);
    await writeTar(join(folder, "some.tar"), { "1.jpg": "one", "1.cls": "0", "a/2.jpg": "two" });
    const says = /2 of 4 images have no label, .* the first without is "a\/2\.jpg" in ".*some\.tar"/;
    await assert.rejects(open(folder, { root: "some.tar", queries: "some.tar" }), says);
    await writeTar(join(folder, "all.tar"), { "1.jpg": "one", "1.cls": "0" });
    await assert.rejects(
      open(folder, { root: ["all.tar", "none.tar"] }),
      /2 of 3 images have no label/,
    );
  }));

Deno.test("labels that stand apart from their images are an error, not lost", () =>
  inFolder(async (folder) => {
    await writeTar(join(folder, "apart.tar"), { "1.jpg": "one", "2.jpg": "two", "1.cls": "0", "2.cls": "1" });
    await assert.rejects(
      open(folder, { root: "apart.tar" }),
      /2 labels stand apart from their images, the first is "1\.cls", and images have none, the first is "1\.jpg"/,
    );
  }));

Deno.test("what is no archive is told as what it is", () =>
  inFolder(async (folder) => {
    const contents: [string | Uint8Array, RegExp][] = [
      [
        Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, ...new Array(600).fill(7)),
        /is compressed by gzip \(gunzip it\)/,
      ],
      ["<!DOCTYPE html><title>404</title>", /is a web page, probably of an error/],
      ["version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", /is a pointer of Git LFS/],
      ["", /is empty, expected a tar archive|ends without the archive's end mark/],
    ];
    for (const [content, says] of contents) {
      await Deno.writeFile(join(folder, "x.tar"), typeof content === "string" ? utf8(content) : content);
      await assert.rejects(open(folder, { root: "x.tar" }), (error: Error) => {
        assert.ok(error instanceof RunError, `${error.stack}`);
        assert.match(error.message, says);
        return true;
      });
    }
  }));

Deno.test("a damaged index is made anew, wherever it is damaged; one that cannot be kept is told", () =>
  inFolder(async (folder) => {
    await writeTar(join(folder, "a.tar"), { "1.jpg": "one", "1.cls": "0" });
    (await open(folder, { root: "a.tar" }))[Symbol.dispose]();
    const [index] = await Array.fromAsync(
      Deno.readDir(join(folder, "cache")),
      ({ name }) => join(folder, "cache", name),
    );
    const whole = await Deno.readFile(index);
    for (let at = 0; at < whole.length; at++) {
      await Deno.writeFile(index, whole.with(at, whole[at] ^ 0x21));
      const logged: string[] = [];
      using source = await open(folder, { root: "a.tar" }, logged);
      assert.deepEqual(await contents(source.train), [["a.tar/1.jpg", "one", 0]]);
      assert.match(logged[0], /is damaged; making it anew$/, `byte ${at}`);
    }
    await Deno.remove(join(folder, "cache"), { recursive: true });
    await Deno.writeTextFile(join(folder, "cache"), "a file in its place");
    const logged: string[] = [];
    using source = await open(folder, { root: "a.tar" }, logged);
    assert.equal(source.train.length, 1);
    assert.match(
      logged.join("\n"),
      /Cannot write ".*cache": .*; the index of ".*a\.tar" is not kept and will be made anew at each start/,
    );
  }));

Deno.test("a shard is indexed once, and again when it changes or its index is damaged", () =>
  inFolder(async (folder) => {
    const shard = join(folder, "a.tar"), cache = join(folder, "cache");
    await writeTar(shard, { "1.jpg": "one", "1.cls": "7" });
    const indexed = async () => {
      const logged: string[] = [];
      using source = await open(folder, { root: "a.tar" }, logged);
      return [logged.join("; ").replace(/"[^"]*"/, "FILE"), await contents(source.train)];
    };
    const made = "Indexing 1 shards of data.root (once)", one = [["a.tar/1.jpg", "one", 7]];
    assert.deepEqual(await indexed(), [made, one]);
    assert.deepEqual(await indexed(), ["", one]);

    const [index] = [...Deno.readDirSync(cache)].map(({ name }) => join(cache, name));
    const bytes = await Deno.readFile(index);
    for (const damaged of [bytes.subarray(0, bytes.length - 1), bytes.with(20, 7), bytes.subarray(0, 3)]) {
      await Deno.writeFile(index, damaged);
      assert.deepEqual(await indexed(), [`The index FILE is damaged; making it anew; ${made}`, one]);
    }
    await writeTar(shard, { "2.jpg": "two and more", "2.cls": "7" });
    await Deno.utime(shard, 1, 1);
    assert.deepEqual(await indexed(), [made, [["a.tar/2.jpg", "two and more", 7]]]);
  }));

Deno.test("what is wrong with shards is told with shard and byte", () =>
  inFolder(async (folder) => {
    const cases: [Record<string, string>, RegExp][] = [
      [{ "1.jpg": "one", "1.png": "too" }, /"1\.png" at byte 1024 of the shard ".*x\.tar" is a second image/],
      [
        { "1.jpg": "one", "2.jpg": "two", "1.jpeg": "again" },
        /"1\.jpeg" at byte 2560 .* the key "1" of an earlier/,
      ],
      [
        { "1.jpg": "one", "1.cls": "cat" },
        /"1\.cls" at byte 1024 .* gives the label "cat", expected a number/,
      ],
      [{ "1.jpg": "one", "1.cls": "-1" }, /gives the label "-1"/],
      [{ "1.jpg": "one", "1.cls": "99999999" }, /gives the label "99999999"/],
      [{ "1.jpg": "one", "1.cls": "0".repeat(65) }, /has 65 bytes, expected at most 64/],
      [{ "1.jpg": "one", "1.json": "{" }, /"1\.json" .* is not JSON/],
      [{ "1.jpg": "one", "1.json": '{"label": "cat"}' }, /gives the label "\\"cat\\""/],
      [{ "1.jpg": "" }, /"1\.jpg" at byte 0 .* is empty, expected an image/],
      [{ "1.txt": "text" }, /The shard ".*x\.tar" holds no images \(jpg, .*\) among its 1 files/],
      [{ "../1.jpg": "one" }, /Cannot read the archive ".*x\.tar" at byte 0: .* leads out of the archive/],
    ];
    for (const [files, says] of cases) {
      await writeTar(join(folder, "x.tar"), files);
      await Deno.utime(join(folder, "x.tar"), 1, says.source.length); // another file, for the index
      await assert.rejects(async () => await open(folder, { root: "x.tar" }), (error: unknown) => {
        assert.ok(error instanceof RunError, `${error}`);
        assert.match(error.message, says);
        return true;
      });
    }
    await Deno.mkdir(join(folder, "empty"));
    const roots: [unknown, RegExp][] = [
      ["nowhere-{0..1}.tar", /There is no shard or folder ".*nowhere-0\.tar"; set data\.root to/],
      ["empty", /The folder ".*empty" holds no \.tar shards/],
      [["x.tar", "{x,x}.tar"], /data\.root names the shard ".*x\.tar" twice/],
    ];
    for (const [root, says] of roots) await assert.rejects(async () => await open(folder, { root }), says);
  }));

Deno.test("a member that is too large for an image is refused before it is read", () =>
  inFolder(async (folder) => {
    const [header] = tarMember("1.jpg", utf8("")), size = (1 << 28) + 512;
    header.set(utf8(size.toString(8).padStart(11, "0")), 124);
    header.set(utf8(`${sumOf(header).toString(8).padStart(6, "0")}\0 `), 148);
    using file = await Deno.create(join(folder, "x.tar"));
    await file.write(header);
    await file.truncate(512 + size + TAR_END.length); // a hole
    await assert.rejects(
      open(folder, { root: "x.tar" }),
      /"1\.jpg" .* has 268435968 bytes, expected at most/,
    );
  }));

Deno.test("keys of one hash are told apart", () =>
  inFolder(async (folder) => {
    assert.equal(crc32("plumless"), crc32("buckeroo"));
    await writeTar(join(folder, "x.tar"), { "plumless.jpg": "one", "buckeroo.jpg": "two" });
    using source = await open(folder, { root: "x.tar" });
    assert.deepEqual(await contents(source.train), [["x.tar/plumless.jpg", "one"], [
      "x.tar/buckeroo.jpg",
      "two",
    ]]);
  }));

Deno.test("braces are numbers with zeros in front, or choices", () => {
  assert.deepEqual(expandBraces("a-{008..011}.tar"), ["a-008.tar", "a-009.tar", "a-010.tar", "a-011.tar"]);
  assert.deepEqual(expandBraces("{a,b}/{1..2}"), ["a/1", "a/2", "b/1", "b/2"]);
  assert.deepEqual(expandBraces("plain{x}.tar"), ["plain{x}.tar"]);
  assert.throws(() => expandBraces("{5..1}"), /must go up/);
  assert.throws(() => expandBraces("{0..999999999}"), /must go up, by less than/);
  assert.throws(() => expandBraces("{0..9999}{0..9999}"), /names more than 1000000 shards/);
});

Deno.test("a stand-in is shards of noise that the source reads", () =>
  inFolder(async (folder) => {
    const options = plugin.options.parse({ root: "nowhere", queries: "nowhere" });
    using source = await open(folder, await plugin.standIn!(options, { folder, images: 3 }));
    assert.deepEqual([source.train.length, source.evaluation!.queries.length], [3, 3]);
  }));

Deno.test("samples without an image are counted at every start; dots in names are explained", () =>
  inFolder(async (folder) => {
    await writeTar(join(folder, "a.tar"), {
      "train.v1/0001.jpg": "one",
      "train.v1/0001.cls": "0",
      "train.v1/0002.jpg": "two", // the folder's dot parts no name
      "train.v1/0002.cls": "1",
      "3.heic": "not read",
      "3.cls": "1",
      "README": "text",
      "22.05.png": "of the sample 22",
      "__MACOSX/._1.jpg": "what macOS adds",
    });
    for (const _ of ["made", "cached"]) {
      const logged: string[] = [];
      using source = await open(folder, { root: "a.tar" }, logged);
      assert.deepEqual((await contents(source.train)).map(([name, , label]) => [name, label]), [
        ["a.tar/train.v1/0001.jpg", 0],
        ["a.tar/train.v1/0002.jpg", 1],
      ]);
      const told = logged.filter((line) => line.startsWith("Left out of the shards of data.root: "));
      assert.equal(told.length, 2, logged.join("\n"));
      assert.match(told[0], /: 2 samples have no image that is read, the first is "3\.heic" in "a\.tar"$/);
      assert.match(
        told[1],
        /: 1 samples have one by its last ending alone .*, the first is "22\.05\.png" in/,
      );
    }
    await writeTar(join(folder, "dots.tar"), { "22.05.png": "one", "23.05.png": "two" });
    await assert.rejects(
      open(folder, { root: "dots.tar" }),
      /holds no images .* among its 2 files: "22\.05\.png" is taken for the sample "22" with the ending "05\.png"/,
    );
    await writeTar(join(folder, "twice.tar"), { "1.jpg": "one", "1.cls": "0", "1.CLS": "1" });
    await assert.rejects(open(folder, { root: "twice.tar" }), /"1\.CLS" at byte 2048 .* is a second label/);
  }));

Deno.test("a folder of shards that are called as held out is not trained on whole", () =>
  inFolder(async (folder) => {
    const make = async (name: string, shards: string[]) => {
      await Deno.mkdir(join(folder, name));
      for (const shard of shards) await writeTar(join(folder, name, shard), { "1.jpg": shard, "1.cls": "0" });
    };
    await make("words", ["imagenet-train-00.tar", "imagenet-validation-00.tar"]);
    await make("case", ["train-00.tar", "Val-00.tar"]);
    await make("both", ["train-00.tar", "val-00.tar", "test-00.tar", "extra-00.tar"]);
    const says: [Record<string, unknown>, RegExp][] = [
      [
        { root: "words" },
        /folder ".*words" of data\.root holds the shard "imagenet-validation-00\.tar", which is/,
      ],
      [
        { root: ["words"] },
        /"imagenet-validation-00\.tar", which is called as of images that are held out; name the/,
      ],
      [{ root: "case" }, /has train-\*\.tar and "Val-00\.tar", but no val-\*\.tar: rename those/],
      [
        { root: "both", queries: "words" },
        /of data\.queries holds the shard "imagenet-train-00\.tar", .* to train on/,
      ],
    ];
    for (const [options, message] of says) await assert.rejects(open(folder, options), message);
    const logged: string[] = [];
    using source = await open(folder, { root: "both" }, logged);
    assert.deepEqual([source.train.length, source.evaluation!.queries.image(0).name], [
      1,
      "val-00.tar/1.jpg",
    ]);
    assert.match(logged.join("\n"), /Passed over in ".*both": 2 shards, the first is "extra-00\.tar"/);
    const others: string[] = [];
    using apart = await open(folder, { root: "both", queries: "case/Val-00.tar" }, others);
    assert.equal(apart.train.length, 1);
    assert.match(others.join("\n"), /Passed over in ".*both": 3 shards, the first is "extra-00\.tar"/);
    using named = await open(folder, {
      root: "words/imagenet-train-{00..00}.tar",
      queries: "case/Val-00.tar",
    });
    assert.equal(named.evaluation!.queries.length, 1);
  }));

Deno.test("names of classes are lines of text, none of them blank", () =>
  inFolder(async (folder) => {
    await writeTar(join(folder, "a.tar"), { "1.jpg": "one", "1.cls": "1" });
    const cases: [string | Uint8Array, RegExp][] = [
      ["cat\n\ndog\n", /names\.txt:2: the line is blank, expected the name of class 1/],
      [Uint8Array.of(97, 10, 0xff), /Cannot read data\.class_names ".*names\.txt": it is not UTF-8/],
    ];
    for (const [content, says] of cases) {
      await Deno.writeFile(join(folder, "names.txt"), typeof content === "string" ? utf8(content) : content);
      await assert.rejects(open(folder, { root: "a.tar", class_names: "names.txt" }), says);
    }
    await Deno.writeTextFile(join(folder, "names.txt"), "cat\r\ndog\r\n\r\n");
    using source = await open(folder, { root: "a.tar", class_names: "names.txt" });
    assert.deepEqual(source.train.classNames, ["cat", "dog"]);
  }));

Deno.test("names of classes are refused where no image has a label", () =>
  inFolder(async (folder) => {
    await writeTar(join(folder, "train-00.tar"), { "1.jpg": "one" });
    await Deno.writeTextFile(join(folder, "classes.txt"), "cat\n");
    await assert.rejects(
      open(folder, { root: ".", class_names: "classes.txt" }),
      /^RunError: data\.class_names "classes\.txt" names classes, but no image of the shards has a label; /,
    );
    using found = await open(folder, { root: "." }); // nobody has asked for what lies there
    assert.equal(found.train.classNames, undefined);
  }));
