import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { loadImage, RunError } from "@seed/core";
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
    const expected = [...paths, "link/10.PNG", "link/2.jpg", "link/b/c.webp"].sort();
    assert.deepEqual(Array.from({ length: found.length }, (_, i) => found.at(i)), expected);
  }));

Deno.test("classes are the first folders, the same in both splits; an image beside them is told, and an error where classes are asked for", () =>
  inFolder(async (folder) => {
    await touch(folder, ["train/b/1.jpg", "train/c/x/2.jpg", "val/a/1.jpg", "val/c/1.jpg"]);
    const open = async () => await plugin.create({ root: ".", splits: "auto" }, contextIn(folder));
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
    using mixed = await plugin.create({ root: ".", splits: "auto" }, contextIn(folder, logged));
    assert.deepEqual([mixed.train.length, mixed.train.label], [3, undefined]);
    assert.match(
      logged.join("\n"),
      /^1 of 3 images lie beside the folders in ".*train", the first is "top\.jpg"/,
    );
  }));

Deno.test("an empty file is listed and counted; reading it names it", () =>
  inFolder(async (folder) => {
    await touch(folder, ["dog/1.jpg"]);
    using source = await plugin.create({ root: ".", splits: "auto" }, contextIn(folder));
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
      /train": 2 \.heic, 1 no ending, which are not read/,
    );
    assert.match(
      logged.find((line) => line.includes("Beside the splits"))!,
      /1 folders are passed over: "masks"/,
    );
    assert.match(
      logged.find((line) => line.includes("classes that"))!,
      /val" has 1 classes that train\/ has not \("bird"\), with 2 of its 3 images/,
    );
  }));

Deno.test({
  name:
    "links that lead round or multiply are told; a link to nothing and a pipe are images that cannot be read",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      await touch(folder, ["odd/1.jpg", "round/a/1.jpg"]);
      await Deno.symlink("/gone/x.jpg", `${folder}/odd/2.jpg`);
      await new Deno.Command("mkfifo", { args: [`${folder}/odd/3.jpg`] }).output();
      await Deno.symlink("/dev/zero", `${folder}/odd/4.jpg`);
      using source = await openIn(`${folder}/odd`);
      assert.equal(source.train.length, 4);
      const says = [
        /is empty/,
        /The link ".*2\.jpg" leads to "\/gone\/x\.jpg", which is not there$/,
        /3\.jpg" is a pipe/,
        /4\.jpg" is a device/,
      ];
      for (const [i, message] of says.entries()) {
        await assert.rejects(loadImage(source.train.image(i)), message);
      }

      await Deno.symlink("..", `${folder}/round/a/up`);
      await assert.rejects(
        openIn(`${folder}/round`),
        /The link ".*a\/up" leads round to ".*\/round", a folder that it lies in/,
      );

      const wide = `${folder}/wide`;
      await touch(
        wide,
        Array.from({ length: 31 }, (_, i) => `d${i}/1.jpg`),
      );
      for (let i = 0; i < 30; i++) {
        for (const name of ["x", "y"]) await Deno.symlink(`../d${i + 1}`, `${wide}/d${i}/${name}`);
      }
      const started = performance.now();
      await assert.rejects(openIn(wide), /is reached by more than 16 ways, by links/);
      assert.ok(performance.now() - started < 2000);
    }),
});
