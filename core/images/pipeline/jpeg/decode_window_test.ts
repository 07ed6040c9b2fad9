import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import golden from "../../../../tests/golden/jpeg.json" with { type: "json" };
import goldenReduced from "../../../../tests/golden/jpeg_reduced.json" with { type: "json" };
import { Random } from "../../../random.ts";
import { bytesAt } from "../kernels/arena.ts";
import type { Window } from "../planes.ts";
import { reduceSize, type Reduction } from "../reduction.ts";
import { decodeWindow } from "./decode_window.ts";
import { type BaselineJpeg, readJpegHeader } from "./read_header.ts";

const FOLDER = new URL("../../../../tests/golden/decode/", import.meta.url);
const bytesOf = (name: keyof typeof golden) => Uint8Array.fromBase64(golden[name].jpeg);

/** A window's pixels, loaded some rows at a time; null if the data is damaged. */
function pixelsIn(jpeg: BaselineJpeg, window: Window, by: Reduction = 1): Uint8Array | null {
  const rows = decodeWindow(jpeg, window, by), made = new Uint8Array(3 * window.width * window.height);
  if (!rows) return null;
  const step = Math.min(rows.reserve(4), 7), { top, left, width, height } = window;
  for (let y = 0; y < height; y += step) {
    const count = Math.min(step, height - y), start = rows.load(top + y, count) + 3 * left;
    for (let i = 0; i < count; i++) {
      made.set(bytesAt(start + i * rows.rowBytes, 3 * width), 3 * width * (y + i));
    }
  }
  return made;
}

for (const name of Object.keys(golden) as (keyof typeof golden)[]) {
  Deno.test(`JPEG, ${name}: the pixels are PIL's, of the whole and of each part`, () => {
    const [width, height] = golden[name].size, jpeg = readJpegHeader(bytesOf(name));
    assert.ok(jpeg);
    assert.deepEqual([jpeg.width, jpeg.height], [width, height]);
    const whole = pixelsIn(jpeg, { left: 0, top: 0, width, height });
    assert.equal(createHash("sha256").update(whole!).digest("hex"), golden[name].sha256);
    checkParts(jpeg, whole!, 1);
  });
}

for (const [name, { jpeg: base64, reduced }] of Object.entries(goldenReduced)) {
  Deno.test(`JPEG, ${name}: reduced, the pixels are PIL's after draft, of the whole and of each part`, () => {
    const jpeg = readJpegHeader(Uint8Array.fromBase64(base64))!;
    for (const by of [2, 4, 8] as const) {
      if (by === 8 && jpeg.components[0].wide > jpeg.components[0].high) continue; // 4:2:2 is not reduced so much
      const whole = pixelsIn(jpeg, { left: 0, top: 0, ...reduceSize(jpeg, by) }, by)!;
      assert.equal(createHash("sha256").update(whole).digest("hex").slice(0, 16), reduced[by], `1/${by}`);
      checkParts(jpeg, whole, by);
    }
  });
}

/** Every part of a picture is the same part of the whole. */
function checkParts(jpeg: BaselineJpeg, whole: Uint8Array, by: Reduction): void {
  const { width, height } = reduceSize(jpeg, by);
  for (let i = 0; i < 40; i++) {
    const random = new Random("window", i), left = random.below(width), top = random.below(height);
    const window = {
      left,
      top,
      width: 1 + random.below(width - left),
      height: 1 + random.below(height - top),
    };
    const expected = Array.from({ length: window.height }, (_, y) => {
      const from = 3 * ((top + y) * width + left);
      return [...whole.subarray(from, from + 3 * window.width)];
    });
    assert.deepEqual([...pixelsIn(jpeg, window, by)!], expected.flat(), `1/${by}, ${JSON.stringify(window)}`);
  }
}

Deno.test("other JPEGs, truncated ones and other files are left to the general decoder", async () => {
  for (const file of ["cmyk.jpg", "ycck.jpg", "progressive.jpg", "one_pixel.jpg", "gray.png", "lossy.webp"]) {
    assert.equal(readJpegHeader(await readFile(new URL(file, FOLDER))), null, file);
  }
  const whole = bytesOf("quarter");
  for (let length = 0; length < whole.length; length += 13) {
    assert.equal(readJpegHeader(whole.subarray(0, length)), null, `${length} bytes`);
  }
  const adobeRgb = [0xff, 0xee, 0, 14, ...new TextEncoder().encode("Adobe"), 0, 100, 0, 0, 0, 0, 0];
  assert.equal(readJpegHeader(Uint8Array.from([0xff, 0xd8, ...adobeRgb, ...whole.subarray(2)])), null);
});

Deno.test("a JPEG that says it is huge, or has no tables, is left to the general decoder", () => {
  const bytes = bytesOf("quarter"),
    marker = (code: number) => {
      return bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === code);
    };
  const huge = bytes.slice();
  huge.fill(0xfe, marker(0xc0) + 5, marker(0xc0) + 9);
  assert.equal(readJpegHeader(huge), null);
  const without = bytes.slice();
  without[marker(0xc4) + 1] = 0xfe; // a comment
  assert.equal(readJpegHeader(without), null);
});

Deno.test("data that is damaged or cut short is told, and nothing is read beyond it", () => {
  const whole = bytesOf("quarter, restarts"), window = { left: 0, top: 0, width: 83, height: 66 };
  const scan = whole.findIndex((byte, i) => byte === 0xff && whole[i + 1] === 0xda);
  for (let length = scan + 14; length < whole.length - 10; length += 31) {
    const cut = readJpegHeader(Uint8Array.from([...whole.subarray(0, length), 0xff, 0xd9]));
    assert.equal(pixelsIn(cut!, window), null, `${length} of ${whole.length} bytes`);
  }
  for (let i = 0; i < 500; i++) {
    const random = new Random("damage", i), bytes = whole.slice();
    for (let k = 0; k < 3; k++) bytes[2 + random.below(bytes.length - 4)] = random.below(256);
    const jpeg = readJpegHeader(bytes);
    if (!jpeg) continue;
    const by = ([1, 2, 4, 8] as const)[random.below(4)];
    pixelsIn(jpeg, { left: 0, top: 0, ...reduceSize(jpeg, by) }, by); // must not trap
  }
});
