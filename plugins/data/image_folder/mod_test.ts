import assert from "node:assert/strict";
import { dirname, join } from "node:path";
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

Deno.test("classes are the first folders, the same in both splits; an image beside them has none", () =>
  inFolder(async (folder) => {
    await touch(folder, ["train/b/1.jpg", "train/c/x/2.jpg", "val/a/1.jpg", "val/c/1.jpg"]);
    const open = async () => await plugin.create({ root: "." }, contextIn(folder));
    using source = await open();
    const { train, evaluation } = source, { queries } = evaluation!;
    assert.deepEqual([0, 1].map((i) => train.classNames![train.label!(i)]), ["b", "c"]);
    assert.deepEqual([queries.classNames, queries.label!(0), queries.label!(1)], [["b", "c", "a"], 2, 1]);
    await touch(folder, ["train/top.jpg"]);
    using mixed = await open();
    assert.deepEqual([mixed.train.length, mixed.train.label], [3, undefined]);
  }));

Deno.test("an empty file is listed and counted; reading it names it", () =>
  inFolder(async (folder) => {
    await touch(folder, ["dog/1.jpg"]);
    using source = await plugin.create({ root: "." }, contextIn(folder));
    await using pipeline = await ViewPipeline.start({ augmenters: [], workers: 1, seed: 0 });
    const batches = pipeline.batches([{ images: [source.train.image(0)], keys: null, size: 8 }]);
    await assert.rejects(batches.next(), {
      name: "RunError",
      message:
        /^Cannot make a view of the image "dog\/1\.jpg": The file ".*dog\/1\.jpg" is empty, expected an image$/,
    });
  }));
