import assert from "node:assert/strict";
import { memory } from "./kernels/kernels.wasm";
import { pixelsOf, resample } from "./planes.ts";
import { BILINEAR } from "./resample.ts";
import { rowsOf } from "./rows.ts";

const small = { left: 0, top: 0, width: 32, height: 32 };

/** Every pixel its own: as it is, a picture must come back as it went in. */
function resized(width: number, height: number): Uint8Array {
  const crop = { left: 0, top: 0, width, height };
  const picture = { data: new Uint8Array(3 * width * height).fill(200), width, height };
  return pixelsOf(resample(rowsOf(picture), BILINEAR, { crop, size: small, window: small, mirrored: false }));
}

Deno.test("the kernels' memory stays small for large pictures, and does not grow with their number", () => {
  for (const [width, height] of [[6000, 2000], [2000, 6000], [200_000, 4], [4, 200_000]]) {
    assert.ok(resized(width, height).every((value) => value === 200), `${width} x ${height}`);
  }
  const before = memory.buffer.byteLength;
  assert.ok(before < 24e6, `${before} bytes for pictures of 36 MB`);
  for (let i = 0; i < 100; i++) resized(600, 400);
  assert.equal(memory.buffer.byteLength, before);
});

Deno.test("a picture that keeps its size is not changed, and a mirrored one has its columns in reverse", () => {
  const width = 37, height = 5, crop = { left: 3, top: 1, width: 31, height: 4 };
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => 7 * i);
  const pixel = (x: number, y: number) => data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3);
  const size = { width: crop.width, height: crop.height }, window = { ...size, left: 0, top: 0 };
  for (const mirrored of [false, true]) {
    const made = pixelsOf(
      resample(rowsOf({ data, width, height }), BILINEAR, { crop, size, window, mirrored }),
    );
    const expected = Array.from({ length: crop.width * crop.height }, (_, i) => {
      const x = i % crop.width, y = Math.floor(i / crop.width);
      return [...pixel(crop.left + (mirrored ? crop.width - 1 - x : x), crop.top + y)];
    });
    assert.deepEqual([...made], expected.flat());
  }
});
