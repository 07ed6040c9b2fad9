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
        : /^The (picture is truncated or damaged: .|(GIF|BMP|PNM) is truncated$|bytes are .*no picture that is decoded)/;
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
  const long = {
    message: /^The picture has .* pixels, a side is longer than the 1048576 that are decoded; /,
  };
  view(png).setUint32(16, 2), view(png).setUint32(20, 89_000_000);
  view(png).setUint32(29, crc32(png.subarray(12, 29)));
  const bmp = await Deno.readFile(`${FOLDER}rgb24.bmp`);
  view(bmp).setUint32(18, 2 ** 20 + 1, true);
  for (const bytes of [png, bmp, new TextEncoder().encode("P5 1 1048577 255 ")]) {
    await assert.rejects(decode(bytes), long);
  }
  await assert.rejects(decode(new TextEncoder().encode("P6 60000 60000 255 ")), {
    message: /60000 x 60000 pixels, more/,
  });
});

Deno.test("bytes of other formats are no pictures, though libvips draws some of them", async () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4"/></svg>';
  const kinds: [string, string][] = [
    ["no picture", ""],
    ["\0", ""],
    ["PX\n", ""],
    [svg, "an SVG drawing, "],
    ["BM", "a BMP with a header that is not known, or cut off, "],
    ["P7\nWIDTH 4", "a PAM, "],
    [
      "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
      "a pointer of Git LFS in place of the picture itself (git lfs pull fetches it), ",
    ],
    ["\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC (HEVC in HEIF), "],
    ["<!DOCTYPE html><title>404", "a web page, probably of an error or of a page before the download, "],
    ["%PDF-1.7", "a PDF, "],
  ];
  for (const [text, kind] of kinds) {
    const message =
      `The bytes are ${kind}no picture that is decoded (JPEG, PNG, WEBP, GIF, TIFF, AVIF, BMP, PNM); take the file out, or convert it`;
    await assert.rejects(decode(new TextEncoder().encode(text)), { message });
  }
});

const UNREAD = "which is not read; convert it, to PNG for example, or take it out";

Deno.test("what is whole but of a kind that is not read is called by its name, and not damaged", async () => {
  const jpeg = await Deno.readFile(`${FOLDER}gray.jpg`), bmp = await Deno.readFile(`${FOLDER}rgb24.bmp`);
  const frame = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);
  const changed = (bytes: Uint8Array, at: number, value: number) =>
    bytes.map((byte, i) => i === at ? value : byte);
  const heic = new TextEncoder().encode("\0\0\0\x18ftypmif1\0\0\0\0mif1heic\0\0\0\x08meta hvc1");
  const file = (name: string) => Deno.readFile(`${FOLDER}unread/${name}`);
  const cases: [Uint8Array, string][] = [
    [await file("animation.avif"), "an animated AVIF"],
    [await file("lab.tif"), "a TIFF of CIELAB"],
    [await file("lzma.tif"), "a TIFF compressed by LZMA"],
    [await file("zstd.tif"), "a TIFF compressed by Zstandard"],
    [await file("subsampled.tif"), "a TIFF of YCbCr with subsampled chroma (2 x 2) without JPEG compression"],
    [heic, "a HEIC (HEVC in HEIF)"],
    [changed(jpeg, frame + 4, 12), "a JPEG of 12 bits a sample"],
    [changed(jpeg, frame + 1, 0xc3), "a JPEG of the lossless kind"],
    [changed(bmp, 28, 2), "a BMP of 2 bits a pixel"],
    [changed(bmp, 30, 4), "a BMP of the compression JPEG"],
  ];
  for (const [bytes, kind] of cases) {
    await assert.rejects(decode(bytes), { message: `The picture is ${kind}, ${UNREAD}` });
  }
});

Deno.test("runs of a BMP end where it ends, wherever they lead", async () => {
  const rle = await Deno.readFile(`${FOLDER}rle8.bmp`), start = new DataView(rle.buffer).getUint32(10, true);
  for (let at = start; at < rle.length; at++) {
    for (const value of [0, 1, 2, 3, 0x7f, 0xff]) {
      const bytes = rle.map((byte, i) => i === at ? value : byte);
      const picture = await decode(bytes).catch((error: Error) => error);
      if (picture instanceof Error) assert.equal(picture.message, "The BMP is truncated");
      else assert.equal(picture.data.length, 7 * 5 * 3);
    }
  }
});
