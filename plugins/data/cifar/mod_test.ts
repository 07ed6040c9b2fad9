import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { loadImage, type Pixels, RunError, TAR_END, tarMember } from "@seed/core";
import { joined, utf8 } from "../../../tests/support/bytes.ts";
import { contextIn, inFolder } from "../../../tests/support/plugin_context.ts";
import { findFiles } from "./files.ts";
import plugin from "./mod.ts";
import { VARIANTS } from "./variants.ts";

const PLANE = 32 * 32;

/** A record with planes of one value each. */
function record(labels: number[], [red, green, blue]: [number, number, number]): Uint8Array {
  const planes = [red, green, blue].map((value) => new Uint8Array(PLANE).fill(value));
  return joined([Uint8Array.from(labels), ...planes]);
}

const CIFAR10: Record<string, Uint8Array> = {
  ...Object.fromEntries([1, 2, 3, 4, 5].map((number) => [
    `data_batch_${number}.bin`,
    joined([record([number], [number, 20, 30]), record([9], [1, 2, 3])]),
  ])),
  "test_batch.bin": record([3], [7, 8, 9]),
  "batches.meta.txt": utf8("airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n"),
};

const CIFAR100: Record<string, Uint8Array> = {
  "train.bin": joined([record([19, 99], [1, 2, 3]), record([4, 0], [4, 5, 6])]),
  "test.bin": record([0, 42], [7, 8, 9]),
  "fine_label_names.txt": utf8(Array.from({ length: 100 }, (_, i) => `fine ${i}\n`).join("")),
};

async function write(folder: string, files: Record<string, Uint8Array>): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await Deno.writeFile(join(folder, name), bytes);
}

const open = async (folder: string, options: Record<string, unknown>) =>
  await plugin.create(plugin.options.parse({ root: ".", ...options }), contextIn(folder));

Deno.test("CIFAR-10 in a folder: pictures, labels and class names", () =>
  inFolder(async (folder) => {
    await write(join(folder, "cifar-10-batches-bin"), CIFAR10);
    using source = await open(folder, {});
    const { train, evaluation } = source;
    assert.deepEqual([train.length, evaluation!.queries.length], [10, 1]);
    assert.equal(train.image(4).name, "data_batch_3.bin/0");
    assert.deepEqual([4, 5].map((i) => train.label!(i)), [3, 9]);
    assert.equal(train.classNames![3], "cat");
    const { data, width, height } = await loadImage(train.image(4)) as Pixels;
    assert.deepEqual([width, height, data.length], [32, 32, 3 * PLANE]);
    assert.ok(data.every((value, i) => value === [3, 20, 30][i % 3]));
    assert.equal(evaluation!.queries.label!(0), 3);
  }));

Deno.test("CIFAR-100 has its fine labels", () =>
  inFolder(async (folder) => {
    await write(folder, CIFAR100);
    using source = await open(folder, { variant: "cifar100" });
    assert.deepEqual([0, 1].map((i) => source.train.label!(i)), [99, 0]);
    assert.equal(source.train.classNames![99], "fine 99");
    const { data } = await loadImage(source.evaluation!.queries.image(0)) as Pixels;
    assert.deepEqual([...data.subarray(0, 6)], [7, 8, 9, 7, 8, 9]);
  }));

Deno.test("the archive is checked, unpacked once, and read within", () =>
  inFolder(async (folder) => {
    const members = Object.entries(CIFAR10).flatMap(([name, bytes]) =>
      tarMember(`cifar-10-batches-bin/${name}`, bytes)
    );
    const packed = gzipSync(joined([...members, TAR_END])), { archive } = VARIANTS.cifar10;
    await Deno.writeFile(join(folder, archive.name), packed);
    await assert.rejects(open(folder, {}), {
      name: "RunError",
      message: /cifar-10-binary\.tar\.gz" has the MD5 \w+, but c32a1d4ab5d03f1284b67883e8d87530 is published/,
    });
    const md5 = createHash("md5").update(packed).digest("hex"), logged: string[] = [];
    const variant = { ...VARIANTS.cifar10, archive: { ...archive, md5 } };
    for (let times = 0; times < 2; times++) {
      const files = await findFiles(folder, variant, false, contextIn(folder, logged));
      const { path, offset, size } = files.get("data_batch_2.bin")!;
      const bytes = (await Deno.readFile(path)).subarray(offset, offset + size);
      assert.deepEqual(bytes, CIFAR10["data_batch_2.bin"]);
    }
    assert.deepEqual(logged.length, 1);
  }));

Deno.test("the archive is fetched if that is asked for", () =>
  inFolder(async (folder) => {
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () =>
      new Response("no CIFAR"));
    try {
      const url = `http://127.0.0.1:${server.addr.port}/`, { archive } = VARIANTS.cifar10;
      const variant = { ...VARIANTS.cifar10, archive: { ...archive, url } };
      await assert.rejects(findFiles(folder, variant, false, contextIn(folder)), /data\.download to true/);
      await assert.rejects(findFiles(folder, variant, true, contextIn(folder)), /What http.* has the MD5/);
    } finally {
      await server.shutdown();
    }
  }));

Deno.test("files that are missing, cut or of something else are refused", () =>
  inFolder(async (folder) => {
    const cut = CIFAR10["test_batch.bin"].subarray(1), label = CIFAR10["test_batch.bin"].with(0, 10);
    const cases: [Record<string, Uint8Array>, RegExp][] = [
      [
        { "data_batch_1.bin": CIFAR10["data_batch_1.bin"] },
        /has no data_batch_2\.bin, .*, batches\.meta\.txt;/,
      ],
      [{ ...CIFAR10, "test_batch.bin": cut }, /has 3072 bytes, expected a multiple of 3073/],
      [{ ...CIFAR10, "test_batch.bin": new Uint8Array(0) }, /has 0 bytes/],
      [{ ...CIFAR10, "test_batch.bin": label }, /gives the label 10 at byte 0, expected less than 10/],
      [{ ...CIFAR10, "batches.meta.txt": utf8("cat\ndog\n") }, /has 2 names of classes, expected 10/],
      [{ ...CIFAR10, "batches.meta.txt": new Uint8Array(70_000) }, /has 70000 bytes, expected at most 65536/],
    ];
    for (const [i, [files, says]] of cases.entries()) {
      await write(join(folder, `${i}`), files);
      await assert.rejects(open(folder, { root: `${i}` }), (error: unknown) => {
        assert.ok(error instanceof RunError, `${error}`);
        assert.match(error.message, says);
        return true;
      });
    }
    await assert.rejects(
      open(folder, { root: "nowhere" }),
      /holds neither data_batch_1\.bin nor cifar-10-binary/,
    );
  }));
