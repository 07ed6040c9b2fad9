import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { type ImageSet, loadImage, RunError } from "@seed/core";
import { ViewPipeline } from "@seed/core/host";
import { contextIn, inFolder } from "../../../tests/support/plugin_context.ts";
import plugin, { listImages } from "./mod.ts";

async function touch(folder: string, paths: string[]): Promise<void> {
  for (const path of paths) {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeTextFile(join(folder, path), "");
  }
}

Deno.test("listImages() gives whole paths in the order of their code units", () =>
  inFolder(async (folder) => {
    const paths = [
      "a-b/1.jpg",
      "a.jpg",
      "a/10.PNG",
      "a/2.jpg",
      "a/b/c.webp",
      "a0/1.jpg",
      "Z/1.gif",
      "ä/1.jpg",
      "\u{1f600}.jpg",
    ];
    await touch(folder, [...paths.toReversed(), "notes.txt", ".hidden/1.jpg", "a/.1.jpg"]);
    await Deno.symlink(join(folder, "a"), join(folder, "link"));
    const found = await listImages(folder);
    const expected = paths.toSorted(); // what the link leads to is listed where it is
    assert.deepEqual(Array.from({ length: found.length }, (_, i) => found.at(i)), expected);
  }));

Deno.test("classes are the first folders, the same in both splits; an image beside them is told, and an error where classes are asked for", () =>
  inFolder(async (folder) => {
    await touch(folder, ["train/b/1.jpg", "train/c/x/2.jpg", "val/a/1.jpg", "val/c/1.jpg"]);
    const open = async () => await openIn(folder);
    using source = await open();
    const { train, evaluation } = source, { queries } = evaluation!;
    assert.deepEqual([0, 1].map((i) => train.classNames![train.label!(i)]), ["b", "c"]);
    assert.deepEqual([queries.classNames, queries.label!(0), queries.label!(1)], [["b", "c", "a"], 2, 1]);
    await touch(folder, ["train/top.jpg"]);
    await assert.rejects(
      open(),
      /The image "top\.jpg" lies beside the folders of classes in ".*\/train", and has no class; move it/,
    );
    await Deno.remove(join(folder, "val"), { recursive: true });
    const logged: string[] = [];
    using mixed = await openIn(folder, {}, logged);
    assert.deepEqual([mixed.train.length, mixed.train.label], [3, undefined]);
    assert.match(
      logged.join("\n"),
      /^1 of 3 images lie beside the folders in ".*train", the first is "top\.jpg"/,
    );
  }));

Deno.test("an empty file is listed and counted; reading it names it", () =>
  inFolder(async (folder) => {
    await touch(folder, ["dog/1.jpg"]);
    using source = await openIn(folder);
    await using pipeline = await ViewPipeline.start({ augmenters: [], workers: 1, seed: 0 });
    const batches = pipeline.batches([{ images: [source.train.image(0)], keys: null, size: 8 }]);
    await assert.rejects(batches.next(), {
      name: "RunError",
      message:
        /^Cannot make a view of the image "dog\/1\.jpg": The file ".*dog\/1\.jpg" is empty, expected an image$/,
    });
  }));

const openIn = async (folder: string, options: Record<string, unknown> = {}, logged: string[] = []) =>
  await plugin.create(plugin.options.parse({ root: ".", ...options }), contextIn(folder, logged));

Deno.test("folders that are called as splits, but not as those that are known, are an error that names them", () =>
  inFolder(async (folder) => {
    const cases: [paths: string[], says: RegExp][] = [
      [
        ["training/cat/1.jpg", "test/cat/2.jpg"],
        /has "test" and "training", but no "train": rename what is trained on to "train"/,
      ],
      [
        ["cat/1.jpg", "dog/1.jpg", "val/cat/2.jpg"],
        /has "val", but no "train": .*; if these are classes, set data\.splits to none$/,
      ],
      [["Train/cat/1.jpg", "Val/cat/2.jpg"], /has "Train" and "Val", but no "train"/],
      [
        ["train/cat/1.jpg", "validation/cat/2.jpg"],
        /has "train" and "validation", but no "val": rename what is searched for/,
      ],
      [["train/cat/1.jpg", "TEST/cat/2.jpg"], /has "TEST" and "train", but no "val"/],
      [["train2017/1.jpg", "val2017/2.jpg"], /has "train2017" and "val2017", but no "train"/],
    ];
    for (const [i, [paths, says]] of cases.entries()) {
      const root = `${folder}/${i}`;
      await touch(root, paths);
      await assert.rejects(openIn(root), (error: Error) => {
        assert.ok(error instanceof RunError, `${error.stack}`);
        assert.match(error.message, says);
        return true;
      });
      using all = await openIn(root, { splits: "none" });
      assert.deepEqual([all.train.length, all.evaluation], [paths.length, null]);
    }
  }));

Deno.test("what is passed over is told: other files by their endings, folders beside splits, classes that train/ has not", () =>
  inFolder(async (folder) => {
    await touch(folder, [
      "train/cat/1.jpg",
      "train/cat/2.heic",
      "train/cat/3.HEIC",
      "train/notes",
      "val/cat/1.jpg",
    ]);
    await touch(folder, [
      "val/bird/1.jpg",
      "val/bird/2.jpg",
      "masks/1.png",
      "@eaDir/1.jpg",
      "train/__MACOSX/1.jpg",
    ]);
    const logged: string[] = [];
    using source = await openIn(folder, {}, logged);
    assert.equal(source.train.length, 1);
    assert.match(
      logged.find((line) => line.includes("Passed over"))!,
      /train": 3 other files: 2 \.heic, 1 no ending, which are not read/,
    );
    assert.match(
      logged.find((line) => line.includes("Beside train"))!,
      /1 folders are passed over: "masks";/,
    );
    assert.match(
      logged.find((line) => line.includes("of classes"))!,
      /^2 of 3 images that are searched for are of classes that no image of the gallery has: "bird" \(2\)\./,
    );
  }));

Deno.test({
  name: "a link to nothing, a pipe and a device that are called as images are images that cannot be read",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      await touch(folder, ["odd/1.jpg"]);
      await Deno.symlink("/gone/x.jpg", `${folder}/odd/2.jpg`);
      await new Deno.Command("mkfifo", { args: [`${folder}/odd/3.jpg`] }).output();
      await Deno.symlink("/dev/zero", `${folder}/odd/4.jpg`);
      using source = await openIn(`${folder}/odd`);
      assert.deepEqual([source.train.length, source.train.isFound], [4, false]);
      const says = [
        /is empty/,
        /The link ".*2\.jpg" leads to "\/gone\/x\.jpg", which is not there$/,
        /3\.jpg" is a pipe/,
        /4\.jpg" is a device/,
      ];
      for (const [i, message] of says.entries()) {
        await assert.rejects(loadImage(source.train.image(i)), message);
      }
    }),
});

const namesOf = ({ length, image }: ImageSet) => Array.from({ length }, (_, i) => image(i).name);

Deno.test({
  name: "each folder on the disk is listed once, at its own place, however many links lead to it",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const root = `${folder}/photos`;
      await touch(folder, ["photos/b/1.jpg", "photos/c.jpg/2.jpg", "photos/.store/x/3.jpg", "pool/p/4.jpg"]);
      await Deno.symlink("..", `${root}/b/up`); // to a folder that it lies in
      await Deno.symlink(folder, `${root}/b/above`); // to one that the root lies in
      await Deno.symlink("b", `${root}/a`); // before the folder itself
      await Deno.symlink(".store/x", `${root}/stored`); // to what is not listed else
      await Deno.symlink("../pool", `${root}/pool`);
      await Deno.symlink("../pool/p", `${root}/z`);
      await Deno.symlink("/gone/class", `${root}/dog`);
      const logged: string[] = [];
      using source = await openIn(root, { splits: "none" }, logged);
      assert.deepEqual(namesOf(source.train), ["b/1.jpg", "c.jpg/2.jpg", "pool/p/4.jpg", "stored/3.jpg"]);
      assert.equal(source.train.isFound, true);
      assert.match(
        logged.join("\n"),
        /: 4 links, the first of them ".*photos\/a" to "b": they lead to folders/,
      );
      assert.match(
        logged.join("\n"),
        /: 1 links, .*photos\/dog" to "\/gone\/class": they lead to what is not/,
      );

      await Deno.mkdir(`${folder}/unmounted`);
      await Deno.symlink("/gone/cat", `${folder}/unmounted/cat`);
      await assert.rejects(
        openIn(`${folder}/unmounted`),
        /holds no images .*, only 0 other files, and 1 links, .*cat" to "\/gone\/cat": they lead to what is not there; check/,
      );

      const wide = `${folder}/wide`;
      await touch(wide, Array.from({ length: 31 }, (_, i) => `d${i}/1.jpg`));
      for (let i = 0; i < 30; i++) {
        for (const name of ["x", "y"]) await Deno.symlink(`../d${i + 1}`, `${wide}/d${i}/${name}`);
      }
      // The same, from outside: nothing is listed at its own place.
      await touch(folder, ["entry/0.jpg"]);
      await Deno.symlink("../wide/d0", `${folder}/entry/d0`);
      const started = performance.now();
      for (const name of ["wide", "entry"]) {
        using source = await openIn(`${folder}/${name}`);
        assert.equal(source.train.length, name === "wide" ? 31 : 32);
      }
      assert.ok(performance.now() - started < 2000);
    }),
});

Deno.test({
  name: "a folder whose name is not UTF-8 is told, and not as if the root were missing",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inFolder(async (folder) => {
      await touch(folder, ["a/1.jpg"]);
      await new Deno.Command("bash", { args: ["-c", "mkdir $'b\\xff'"], cwd: folder }).output();
      await touch(folder, ["odd/1.jpg"]);
      await new Deno.Command("bash", { args: ["-c", "echo > $'odd/\\xff.jpg'"], cwd: folder }).output();
      using source = await openIn(`${folder}/odd`);
      assert.deepEqual([source.train.length, source.train.isFound], [2, false]);
      await assert.rejects(
        openIn(folder),
        /^RunError: The name of the folder ".*b\ufffd" is not UTF-8; rename it$/,
      );
    }),
});

Deno.test("folders with splits in them are an error: what is held out would be trained on", () =>
  inFolder(async (folder) => {
    await touch(folder, ["set/imagenet/train/cat/1.jpg", "set/imagenet/val/cat/2.jpg"]);
    await assert.rejects(openIn(`${folder}/set`), (error: Error) => {
      assert.match(error.message, /^The folder "imagenet" in ".*set" has "train" and "val" in it: /);
      assert.match(
        error.message,
        /set data\.root to ".*set\/imagenet"; if these are classes, set data\.splits/,
      );
      return true;
    });
    await touch(folder, [
      "parts/bolt/train/1.jpg",
      "parts/bolt/test/2.jpg",
      "parts/nut/Train/1.jpg",
      "parts/nut/Test/2.jpg",
    ]);
    await assert.rejects(
      openIn(`${folder}/parts`),
      /"bolt" .* has "test" and "train" in it, as 1 more have: .*; put the folders of the classes below/,
    );
    using all = await openIn(`${folder}/parts`, { splits: "none" });
    assert.equal(all.train.length, 4);
    // A word alone is a name as any other.
    await touch(folder, ["words/verbs/train/1.jpg", "words/nouns/test/2.jpg"]);
    using words = await openIn(`${folder}/words`);
    assert.deepEqual(words.train.classNames, ["nouns", "verbs"]);
  }));

const paths = (count: number, folder: string) =>
  Array.from({ length: count }, (_, i) => `${folder}/${i}.jpg`);

Deno.test("a share of each class is held out, the same whatever else is there; a class of one image keeps it", () =>
  inFolder(async (folder) => {
    await touch(folder, [...paths(20, "cat"), ...paths(3, "dog"), "owl/0.jpg"]);
    using source = await openIn(folder, { held_out: 0.2 });
    const { train, evaluation } = source, { gallery, queries } = evaluation!;
    const count = (set: ImageSet, name: string) => namesOf(set).filter((one) => one.startsWith(name)).length;
    assert.deepEqual(["cat", "dog", "owl"].map((name) => count(queries, name)), [4, 1, 0]);
    assert.deepEqual(
      new Set([...namesOf(train), ...namesOf(queries)]).size,
      24,
      "none is in both, none lost",
    );
    assert.equal(train.length, 19);
    assert.equal(gallery, train);
    assert.deepEqual(train.classNames, queries.classNames);
    for (const set of [train, queries]) {
      const named = namesOf(set).map((_, i) => set.classNames![set.label!(i)]);
      assert.deepEqual(named, namesOf(set).map((name) => name.split("/")[0]));
    }
    await touch(folder, ["wolf/0.jpg"]);
    using more = await openIn(folder, { held_out: 0.2 });
    assert.deepEqual(namesOf(more.evaluation!.queries), namesOf(queries));
  }));

Deno.test("of a flat folder a share of all is held out; where nothing can be, or there is a split, that is an error", () =>
  inFolder(async (folder) => {
    await touch(folder, [...paths(10, "flat"), ...paths(1, "one/a"), "split/train/1.jpg", "split/val/2.jpg"]);
    using flat = await openIn(`${folder}/flat`, { held_out: 0.3 });
    assert.deepEqual([flat.train.length, flat.evaluation!.queries.length, flat.train.label], [
      7,
      3,
      undefined,
    ]);
    await assert.rejects(openIn(`${folder}/one`, { held_out: 0.5 }), /No class has two images/);
    await assert.rejects(openIn(`${folder}/split`, { held_out: 0.5 }), /"\." has images to evaluate on/);
  }));

Deno.test("some images to train on are the gallery, in the order of the listing", () =>
  inFolder(async (folder) => {
    await touch(folder, [...paths(40, "train/a"), ...paths(2, "val/a")]);
    using source = await openIn(folder, { gallery: 10 });
    const { train, evaluation } = source, names = namesOf(evaluation!.gallery);
    assert.deepEqual([train.length, names.length, new Set(names).size], [40, 10, 10]);
    assert.deepEqual(names, namesOf(train).filter((name) => names.includes(name)));
    assert.notDeepEqual(names, namesOf(train).slice(0, 10), "they are drawn");
    assert.equal(evaluation!.gallery.classNames![evaluation!.gallery.label!(9)], "a");
  }));
