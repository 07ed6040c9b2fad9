/**
 * `pack`, as users call it: what it writes gives the same bytes and labels by the sources that read it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type DataSource, type ImageSet, loadImage, RunError, UsageError } from "@seed/core";
import dataImageFolder from "@seed/data-image-folder";
import dataTsv from "@seed/data-tsv";
import dataWebdataset from "@seed/data-webdataset";
import { run } from "../cli/pack.ts";
import { runCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { contextIn, inFolder } from "./support/plugin_context.ts";

/** Bytes and classes of all images, in their order. */
async function contents({ train, evaluation }: DataSource): Promise<unknown> {
  const read = (set: ImageSet) =>
    Promise.all(Array.from({ length: set.length }, async (_, i) => [
      (await loadImage(set.image(i)) as Uint8Array).toBase64(),
      set.label && set.classNames![set.label(i)],
    ]));
  return { train: await read(train), queries: evaluation && await read(evaluation.queries) };
}

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("what is packed is what the folder holds, by both sources", () =>
  inFolder(async (folder) => {
    const context = contextIn(folder), at = (name: string) => join(folder, name);
    await makeImageFolder(at("images"), { train: 3, val: 1 }, ["old.cats", "dogs", "ärger 7"]);
    await Deno.rename(at("images/train/dogs/0.png"), at("images/train/dogs/0.50%.png"));
    using source = await dataImageFolder.create(dataImageFolder.options.parse({ root: "images" }), context);
    const expected = await contents(source);

    const { code, stdout } = await runCli(["pack", "images", "lines", "--to", "tsv", "--json"], {
      cwd: folder,
    });
    assert.equal(code, 0);
    const files = ["train.tsv", "train.lineidx", "val.tsv", "val.lineidx"];
    assert.deepEqual(JSON.parse(stdout), { out: "lines", format: "tsv", images: 12, classes: 3, files });
    assert.deepEqual(namesIn(at("lines")), files.toSorted());
    using tsv = await dataTsv.create({ root: "lines" }, context);
    assert.deepEqual(await contents(tsv), expected);

    assert.equal(await run([at("images"), at("shards"), "--to", "tar"]), 0);
    assert.deepEqual(namesIn(at("shards")), ["classes.txt", "train-000000.tar", "val-000000.tar"]);
    const options = {
      root: "shards/train-000000.tar",
      queries: "shards/val-000000.tar",
      class_names: "shards/classes.txt",
    };
    using shards = await dataWebdataset.create(options, context);
    assert.deepEqual(await contents(shards), expected);
    // The folder says the same, and none of its queries are trained on.
    const whole = { root: "shards", queries: null, class_names: null };
    using folderOfShards = await dataWebdataset.create(whole, context);
    assert.deepEqual(await contents(folderOfShards), expected);
    assert.equal(shards.train.image(0).name, "train-000000.tar/dogs/0%2E50%25.png");
    assert.deepEqual(namesIn(folder), ["cache", "images", "lines", "shards"]);
  }));

Deno.test("images without classes are packed without; shards are as small as is asked for", () =>
  inFolder(async (folder) => {
    const context = contextIn(folder), images = join(folder, "images");
    await Deno.mkdir(images);
    for (const name of ["a", "b", "c"]) {
      await Deno.writeFile(join(images, `${name}.jpg`), new Uint8Array(600_000));
    }
    using source = await dataImageFolder.create(dataImageFolder.options.parse({ root: "images" }), context);
    for (const format of ["tsv", "tar"]) {
      await run([
        images,
        join(folder, format),
        "--to",
        format,
        ...format === "tar" ? ["--shard-size", "1"] : [],
      ]);
    }
    const shards = ["train-000000.tar", "train-000001.tar", "train-000002.tar"];
    assert.deepEqual(namesIn(join(folder, "tar")), shards);
    using tar = await dataWebdataset.create(
      { root: "tar", queries: null, class_names: null },
      context,
    );
    using tsv = await dataTsv.create({ root: "tsv" }, context);
    for (const packed of [tar, tsv]) assert.deepEqual(await contents(packed), await contents(source));
  }));

Deno.test("pack overwrites nothing, and leaves nothing of what went wrong", () =>
  inFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    await Deno.mkdir(at("images/dogs"), { recursive: true });
    await Deno.mkdir(at("there"));
    await Deno.writeTextFile(at("images/dogs/1.jpg"), "one");
    const pack = (...args: string[]) => run([at("images"), ...args]);
    const wrong: [string[], RegExp][] = [
      [[at("there"), "--to", "tsv"], /There is a file or folder ".*there" already/],
      [[at("out")], /Expected --to/],
      [[at("out"), "--to", "zip"], /--to expects one of tsv, tar, got "zip"/],
      [[at("out"), "--to", "tsv", "--shard-size", "5"], /--shard-size is for --to tar/],
      [["--to", "tsv"], /Expected a folder and OUT, got 1 arguments/],
    ];
    for (const [args, says] of wrong) {
      await assert.rejects(pack(...args), (error: unknown) =>
        error instanceof UsageError && says.test(error.message));
    }
    await Deno.writeTextFile(at("images/dogs/1.png"), "same name");
    await assert.rejects(pack(at("out"), "--to", "tar"), /^RunError: Two images are called "dogs\/1"/);
    await Deno.writeTextFile(at("images/dogs/1.png"), "");
    await assert.rejects(pack(at("out"), "--to", "tsv"), /^RunError: The file ".*dogs\/1\.png" is empty/);
    await assert.rejects(run([at("nowhere"), at("out"), "--to", "tsv"]), RunError);
    await assert.rejects(pack(at("images/dogs/1.jpg/out"), "--to", "tsv"), /^RunError: Cannot write/);
    assert.deepEqual(namesIn(folder), ["images", "there"]);
    assert.deepEqual(namesIn(at("there")), []);
  }));

Deno.test("pack removes what packs have left that were killed, and not what one is filling", () =>
  inFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    await Deno.mkdir(at("images"));
    await Deno.writeTextFile(at("images/1.jpg"), "one");
    for (const name of [".out.partial-dead", ".out.partial-alive", ".other.partial-dead"]) {
      await Deno.mkdir(at(name));
      await Deno.writeTextFile(at(`${name}/.lock`), "");
    }
    for (const name of [".out.partial-old", ".out.partial-new"]) await Deno.mkdir(at(name)); // without a lock
    const before = new Date(Date.now() - 3600 * 1000);
    await Deno.utime(at(".out.partial-old"), before, before);
    const alive = new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        `Deno.openSync(${JSON.stringify(at(".out.partial-alive/.lock"))}, { write: true }).lockSync(true);
        console.log("locked"); setTimeout(() => {}, 1e6);`,
      ],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = alive.stdout.getReader();
    await reader.read();
    try {
      assert.equal(await run([at("images"), at("out"), "--to", "tsv"]), 0);
      assert.deepEqual(
        namesIn(folder),
        [".other.partial-dead", ".out.partial-alive", ".out.partial-new", "images", "out"],
      );
      assert.deepEqual(namesIn(at("out")), ["train.lineidx", "train.tsv"]);
    } finally {
      alive.kill();
      await reader.cancel();
      await alive.status;
    }
  }));

Deno.test("a class with a newline in its name is refused, whatever it is packed to", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "images/new\nline"), { recursive: true });
    await Deno.writeTextFile(join(folder, "images/new\nline/1.jpg"), "one");
    for (const format of ["tsv", "tar"]) {
      await assert.rejects(
        run([join(folder, "images"), join(folder, "out"), "--to", format]),
        /^RunError: The class "new\\nline" has a (tab or )?newline in its name/,
      );
    }
    assert.deepEqual(namesIn(folder), ["images"]);
  }));

Deno.test("folders that are called as splits are packed as classes if that is said", () =>
  inFolder(async (folder) => {
    const images = join(folder, "images"), out = join(folder, "out");
    for (const name of ["test", "exam"]) {
      await Deno.mkdir(join(images, name), { recursive: true });
      await Deno.writeTextFile(join(images, name, "1.jpg"), name);
    }
    await assert.rejects(
      run([images, out, "--to", "tsv"]),
      /^RunError: .* has "test", but no "train": .* or set DIR to a folder below it; .* set --splits to none$/,
    );
    assert.equal(await run([images, out, "--to", "tsv", "--splits", "none"]), 0);
    assert.deepEqual(namesIn(out), ["train.lineidx", "train.tsv"]);
  }));

Deno.test("a class with what some readers take for the end of a line is refused", () =>
  inFolder(async (folder) => {
    for (const [i, character] of ["\r", "\v", "\x1e", "\x85", "\u2028"].entries()) {
      const images = join(folder, `${i}`);
      await Deno.mkdir(join(images, `a${character}b`), { recursive: true });
      await Deno.writeTextFile(join(images, `a${character}b/1.jpg`), "one");
      await assert.rejects(
        run([images, join(folder, "out"), "--to", "tar"]),
        /^RunError: The class "a.*b" has a newline/,
      );
    }
  }));
