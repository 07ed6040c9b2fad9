import assert from "node:assert/strict";
import sharp from "sharp";
import { decode } from "../pipeline/decode.ts";
import { centerView } from "../pipeline/center_view.ts";
import type * as Source from "./preprocess.ts";
import { preprocessModule } from "./preprocess_module.ts";
import { sourcesHash, STAMP } from "./sources.ts";

/** The module as `export` writes it, imported as any other runtime would. */
async function written(layout: "channels first" | "channels last") {
  const wanted = { size: 48, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], layout };
  const text = await preprocessModule(wanted);
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return await import(url) as typeof Source & { preprocess: ReturnType<typeof Source.preprocessor> };
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** A PNG of noise with edges, and its pixels as a canvas has them. */
async function picture(width: number, height: number) {
  const rgb = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const pixel = Math.floor(i / 3), x = pixel % width, y = Math.floor(pixel / width);
    return (x * x * 7 + y * 131 * (i % 3 + 1) + (x > y ? 97 : 0)) % 256;
  });
  const png = new Uint8Array(await sharp(rgb, { raw: { width, height, channels: 3 } }).png().toBuffer());
  const { data } = await decode(png), rgba = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++) rgba.set(data.subarray(3 * i, 3 * i + 3), 4 * i);
  return { png, image: { data: rgba, width, height } };
}

Deno.test("preprocess.js is made of the sources beside it", async () => {
  const text = await Deno.readTextFile(new URL("preprocess.js", import.meta.url));
  const kept = text.split("\n").find((line) => line.startsWith(STAMP))?.slice(STAMP.length);
  assert.equal(kept, await sourcesHash(), "the sources have changed: npx -y deno task build-preprocess");
});

Deno.test("preprocess.js gives the very bytes of the evaluation view, larger and smaller, wide and tall", async () => {
  const { centerPixels } = await written("channels first");
  for (const [width, height] of [[160, 120], [101, 333], [1000, 61], [40, 31], [48, 48], [1, 1]]) {
    const { png, image } = await picture(width, height);
    const expected = await centerView(png, 48);
    assert.deepEqual(centerPixels(image, 48), expected, `${width} x ${height}`);
    assert.deepEqual(centerPixels(image, 48, 50), await centerView(png, 48, 50), `${width} x ${height}, 50`);
  }
});

Deno.test("preprocess.js normalises in float32 and lays out as asked", async () => {
  const { image, png } = await picture(90, 70), bytes = await centerView(png, 48);
  const first = (await written("channels first")).preprocess(image);
  const last = (await written("channels last")).preprocess(image);
  for (const [pixel, channel] of [[0, 0], [1, 2], [777, 1], [48 * 48 - 1, 2]]) {
    const scale = Math.fround(1 / (255 * [0.229, 0.224, 0.225][channel]));
    const shift = Math.fround(-[0.485, 0.456, 0.406][channel] / [0.229, 0.224, 0.225][channel]);
    const expected = Math.fround(Math.fround(bytes[3 * pixel + channel] * scale) + shift);
    assert.equal(first[channel * 48 * 48 + pixel], expected);
    assert.equal(last[3 * pixel + channel], expected);
  }
});

Deno.test("preprocess.js refuses what are no pixels, and a short side that is less than the crop", async () => {
  const { centerPixels } = await written("channels last");
  const image = { data: new Uint8Array(12), width: 2, height: 2 };
  assert.throws(
    () => centerPixels(image, 4),
    /^RangeError: Got 12 bytes of 2 x 2 pixels, expected four each$/,
  );
  assert.throws(
    () => centerPixels({ ...image, data: new Uint8Array(16) }, 4, 3),
    /^RangeError: The short side of 3 is less than the crop of 4$/,
  );
});
