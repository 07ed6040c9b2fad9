import assert from "node:assert/strict";
import sharp from "sharp";
import { unit } from "../../../tests/golden/formula.ts";
import { decodeGif } from "./decode_gif.ts";

/** Of one frame without a palette, whose indices are packed so: `[1, width, 3]` grays. */
function gif(width: number, depth: number, ...packed: number[]): Uint8Array {
  const size = [width & 255, width >> 8, 1, 0], place = [0, 0, 0, 0, ...size];
  const screen = [...new TextEncoder().encode("GIF89a"), ...size, 0, 0, 0];
  return Uint8Array.of(...screen, 0x2c, ...place, 0, depth, packed.length, ...packed, 0, 0x3b);
}

/** Codes of 3 bits each, the lowest bits first. */
const codes = (...values: number[]) => {
  const bits = values.reduce((all, code, i) => all | code << (3 * i), 0);
  return [bits & 255, bits >> 8 & 255, bits >> 16];
};
const CLEAR = 4, END = 5;

Deno.test("a GIF whose table of codes fills up decodes as libvips decodes it", async () => {
  const width = 120, height = 90, raw = { width, height, channels: 3 } as const;
  const noise = Uint8Array.from(unit("noisy gif", width * height * 3), (value) => 256 * value);
  const bytes = new Uint8Array(await sharp(noise, { raw }).gif({ dither: 0 }).toBuffer());
  const expected = await sharp(bytes).toColourspace("srgb").removeAlpha().raw().toBuffer();
  assert.deepEqual(new Uint8Array(decodeGif(bytes).data), new Uint8Array(expected));
});

Deno.test("a code may be the one that it makes", () => {
  // 1, then a stretch of "the last one and its first byte": 1 1.
  assert.deepEqual(decodeGif(gif(3, 2, ...codes(CLEAR, 1, 6))).data, new Uint8Array(9).fill(1));
  assert.deepEqual(decodeGif(gif(2, 2, ...codes(CLEAR, 3, 2, END))).data, Uint8Array.of(3, 3, 3, 2, 2, 2));
});

Deno.test("codes that nothing stands for, an early end, and a frame without pixels are refused", () => {
  assert.throws(() => decodeGif(gif(3, 2, ...codes(CLEAR, 6))), { message: "The GIF is damaged" });
  assert.throws(() => decodeGif(gif(3, 2, ...codes(CLEAR, 1, 7))), { message: "The GIF is damaged" });
  assert.throws(() => decodeGif(gif(0, 2, ...codes(CLEAR, 1))), { message: "The GIF is damaged" });
  assert.throws(() => decodeGif(gif(3, 9, ...codes(CLEAR, 1))), { message: "The GIF is damaged" });
  assert.throws(() => decodeGif(gif(3, 2, ...codes(CLEAR, 1, END))), { message: "The GIF is truncated" });
  assert.throws(() => decodeGif(gif(9, 2, ...codes(CLEAR, 1, 6))), { message: "The GIF is truncated" });
});
