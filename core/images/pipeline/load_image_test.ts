import assert from "node:assert/strict";
import { join } from "node:path";
import type { Pixels } from "../../interfaces/augmenter.ts";
import type { ImageReference } from "../../interfaces/data_source.ts";
import { RunError } from "../../errors.ts";
import { loadImage } from "./load_image.ts";

/** Loads an image of a file with this content. */
async function load(
  content: Uint8Array | string,
  reference: Partial<ImageReference> = {},
): Promise<Uint8Array | Pixels> {
  const folder = await Deno.makeTempDir({ prefix: "seed-load-" }), file = join(folder, "images");
  try {
    await Deno.writeFile(file, typeof content === "string" ? new TextEncoder().encode(content) : content);
    return await loadImage({ name: "one", file, ...reference });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const count = (length: number) => Uint8Array.from({ length }, (_, i) => i);

Deno.test("an image is a whole file, the rest of one, or a part", async () => {
  assert.deepEqual(await load(count(5)), count(5));
  assert.deepEqual(await load(count(5), { offset: 2 }), Uint8Array.of(2, 3, 4));
  assert.deepEqual(await load(count(5), { offset: 2, length: 2 }), Uint8Array.of(2, 3));
});

Deno.test("pixels come interleaved, however they lie", async () => {
  const size = { width: 2, height: 1 };
  assert.deepEqual(await load(count(6), { pixels: size }), { data: count(6), ...size });
  assert.deepEqual(await load(count(7), { offset: 1, length: 6, pixels: { ...size, layout: "planar" } }), {
    data: Uint8Array.of(1, 3, 5, 2, 4, 6),
    ...size,
  });
  assert.deepEqual(await load(Uint8Array.of(7, 9), { pixels: { ...size, layout: "gray" } }), {
    data: Uint8Array.of(7, 7, 7, 9, 9, 9),
    ...size,
  });
});

Deno.test("base64 text is decoded, with the end of its line or without", async () => {
  for (const end of ["", "\n", "\r\n"]) {
    const text = `cat\t${count(5).toBase64()}${end}`;
    const part = { offset: 4, length: text.length - 4, encoding: "base64" } as const;
    assert.deepEqual(await load(text, part), count(5));
  }
});

Deno.test("what is not there or not what it must be is told with the file", async () => {
  const cases: [Uint8Array | string, Partial<ImageReference>, RegExp][] = [
    ["", {}, /images" is empty, expected an image$/],
    [count(3), { offset: 3 }, /is empty at byte 3, expected/],
    [count(3), { offset: 1, length: 3 }, /images" ends before byte 4/],
    [count(5), { pixels: { width: 2, height: 1 } }, /5 bytes for 2 x 1 pixels \(interleaved\), expected 6$/],
    [count(6), { pixels: { width: 2, height: 1, layout: "gray" } }, /\(gray\), expected 2$/],
    ["a\tQUJD", { encoding: "base64" }, /at byte 0 is not base64 of an image: a blank within the text$/],
    ["Q*JD", { encoding: "base64" }, /is not base64 of an image/],
  ];
  for (const [content, reference, says] of cases) {
    await assert.rejects(load(content, reference), (error: unknown) => {
      assert.ok(error instanceof RunError, `${error}`);
      assert.match(error.message, says);
      return true;
    });
  }
});

Deno.test("what is no file, or larger than pictures are, is not read", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-load-" }), file = join(folder, "large.png");
  try {
    await Deno.writeTextFile(file, "");
    await Deno.truncate(file, 2 ** 31);
    const cases: [string, RegExp][] = [
      [file, /large\.png" has 2147483648 bytes, expected an image of at most 2147483647$/],
      [folder, /is a folder, expected a file$/],
      ...Deno.build.os === "windows" ? [] : [["/dev/zero", /is a device, expected a file$/]],
    ] as [string, RegExp][];
    for (const [path, says] of cases) await assert.rejects(loadImage({ name: "one", file: path }), says);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
