import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import golden from "../../../tests/golden/decode.json" with { type: "json" };
import { decode } from "./decode.ts";

const FOLDER = fileURLToPath(new URL("../../../tests/golden/decode/", import.meta.url));

/**
 * JPEG, lossy WebP and AVIF leave the last bit of the inverse transform and of YCbCr to RGB to the decoder, and PIL
 * and libvips bring builds, and for AVIF libraries, of their own.
 */
const LOSSY = /\.jpg$|lossy|\.avif$/, MOST = 2, MEAN = 0.5;

Deno.test("pictures of every kind decode to the pixels that PIL gives", async (t) => {
  for (const [name, { size: [width, height], rgb }] of Object.entries(golden)) {
    await t.step(name, async () => {
      const picture = await decode(await Deno.readFile(FOLDER + name)), expected = Uint8Array.fromBase64(rgb);
      assert.deepEqual([picture.width, picture.height], [width, height]);
      assert.equal(picture.data.length, expected.length);
      const off = Array.from(expected, (value, i) => Math.abs(value - picture.data[i]));
      const most = Math.max(...off), mean = off.reduce((a, b) => a + b) / off.length;
      if (LOSSY.test(name)) {
        assert.ok(most <= MOST && mean < MEAN, `off by up to ${most}, ${mean} in the mean`);
      } else assert.equal(most, 0, `off by up to ${most}`);
    });
  }
});

Deno.test("truncated pictures fail where PIL fails", async () => {
  for (const [name, { truncated }] of Object.entries(golden)) {
    const whole = await Deno.readFile(FOLDER + name);
    for (const bytes of truncated) {
      const said = bytes === 0
        ? /^The file is empty; /
        : /^The (picture is truncated or damaged: .|GIF is truncated$|bytes are no picture that is decoded)/;
      await assert.rejects(
        decode(whole.subarray(0, bytes)),
        { name: "Error", message: said },
        `${name} ${bytes}`,
      );
    }
  }
});

Deno.test("a picture that is too large is refused by its header", async () => {
  const jpeg = await Deno.readFile(`${FOLDER}gray.jpg`), gif = await Deno.readFile(`${FOLDER}inset.gif`);
  const png = await Deno.readFile(`${FOLDER}gray.png`);
  const view = (bytes: Uint8Array) => new DataView(bytes.buffer);
  const frame = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);
  view(jpeg).setUint32(frame + 5, 65500 << 16 | 65500); // libjpeg reads none that is longer
  view(gif).setUint32(6, 0xffffffff);
  for (const at of [16, 20]) view(png).setUint32(at, 65535);
  view(png).setUint32(29, crc32(png.subarray(12, 29)));
  for (const [side, bytes] of [[65500, jpeg], [65535, gif], [65535, png]] as const) {
    const message =
      `The picture has ${side} x ${side} pixels, more than the 178956970 that are decoded; shrink it, or take it out`;
    await assert.rejects(decode(bytes), { message });
  }
});

Deno.test("bytes of other formats are no pictures, though libvips draws some of them", async () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4"/></svg>';
  const message =
    "The bytes are no picture that is decoded (JPEG, PNG, WEBP, GIF, TIFF, AVIF); take the file out, or convert it";
  for (const text of [svg, "no picture", "BM", "\0"]) {
    await assert.rejects(decode(new TextEncoder().encode(text)), { message });
  }
});
