import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { loadImage, type Pixels, RunError } from "@seed/core";
import { joined, utf8 } from "../../../tests/support/bytes.ts";
import { contextIn, inFolder } from "../../../tests/support/plugin_context.ts";
import plugin from "./mod.ts";

/** An idx file of unsigned bytes. */
function idx(shape: number[], values: Uint8Array): Uint8Array {
  const lengths = shape.flatMap((length) => [length >> 24, length >> 16, length >> 8, length]);
  return joined([Uint8Array.of(0, 0, 8, shape.length, ...lengths), values]);
}

const FILES: Record<string, Uint8Array> = {
  "train-images-idx3-ubyte": idx([2, 28, 28], Uint8Array.from({ length: 2 * 784 }, (_, i) => i % 251)),
  "train-labels-idx1-ubyte": idx([2], Uint8Array.of(9, 4)),
  "t10k-images-idx3-ubyte": idx([1, 28, 28], new Uint8Array(784).fill(5)),
  "t10k-labels-idx1-ubyte": idx([1], Uint8Array.of(1)),
};

async function open(folder: string, files: Record<string, Uint8Array>) {
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await Deno.writeFile(join(folder, name), bytes);
  return await plugin.create(plugin.options.parse({ root: "." }), contextIn(folder));
}

Deno.test("Fashion-MNIST: gray pictures as RGB, labels and class names", () =>
  inFolder(async (folder) => {
    using source = await open(folder, FILES);
    const { train, evaluation } = source;
    assert.deepEqual([train.length, evaluation!.queries.length], [2, 1]);
    assert.deepEqual([0, 1].map((i) => train.classNames![train.label!(i)]), ["Ankle boot", "Coat"]);
    assert.equal(train.image(1).name, "train/1");
    const { data, width, height } = await loadImage(train.image(1)) as Pixels;
    assert.deepEqual([width, height, data.length], [28, 28, 3 * 784]);
    assert.deepEqual([...data.subarray(0, 6)], [784, 784, 784, 785, 785, 785].map((value) => value % 251));
  }));

Deno.test("packed files are checked before they are unpacked", () =>
  inFolder(async (folder) => {
    const { "t10k-labels-idx1-ubyte": labels, ...others } = FILES;
    await assert.rejects(
      open(folder, others),
      /holds neither t10k-labels-idx1-ubyte\.gz nor t10k-labels-idx1/,
    );
    await assert.rejects(open(folder, { "t10k-labels-idx1-ubyte.gz": gzipSync(labels) }), {
      name: "RunError",
      message:
        /t10k-labels-idx1-ubyte\.gz" has the MD5 \w+, but bb300cfdad3c16e7a12a480ee83cd310 is published/,
    });
  }));

Deno.test("files that are cut or do not fit one another are refused", () =>
  inFolder(async (folder) => {
    const images = "train-images-idx3-ubyte", labels = "train-labels-idx1-ubyte";
    const cases: [Record<string, Uint8Array>, RegExp][] = [
      [
        { [images]: FILES[images].subarray(0, -1) },
        /has 1583 bytes, expected 1584 for the shape \[2, 28, 28\]/,
      ],
      [{ [images]: FILES[images].subarray(0, 9) }, /is no idx file of unsigned bytes with 3 axes/],
      [{ [images]: FILES[images].with(2, 0x0d) }, /is no idx file/],
      [{ [images]: idx([2, 28, 14], new Uint8Array(784)) }, /has images of 28 x 14, expected 28 x 28/],
      [{ [labels]: idx([3], new Uint8Array(3)) }, /has 2 images, but ".*labels-idx1-ubyte" 3 labels/],
      [{ [labels]: idx([2], Uint8Array.of(0, 10)) }, /gives the label 10 at byte 9, expected less than 10/],
      [
        { [images]: idx([0, 28, 28], utf8("")), [labels]: idx([0], utf8("")) },
        /is empty: its first axis is 0/,
      ],
      [{ [images]: idx([0xffffffff, 0xffff, 0xffff], utf8("")) }, /has 16 bytes, expected 1844/],
    ];
    for (const [i, [changed, says]] of cases.entries()) {
      await assert.rejects(open(join(folder, `${i}`), { ...FILES, ...changed }), (error: unknown) => {
        assert.ok(error instanceof RunError, `${error}`);
        assert.match(error.message, says);
        return true;
      });
    }
  }));
