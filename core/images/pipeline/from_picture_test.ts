import assert from "node:assert/strict";
import golden from "../../../tests/golden/jpeg.json" with { type: "json" };
import { centerView } from "./center_view.ts";
import { decode } from "./decode.ts";
import { fromPicture } from "./from_picture.ts";
import { bytesAt } from "./kernels/arena.ts";
import type { Size } from "./planes.ts";
import { BICUBIC, BILINEAR } from "./resample.ts";
import type { Rows } from "./rows.ts";

const bytesOf = (name: keyof typeof golden) => Uint8Array.fromBase64(golden[name].jpeg);

/** All of a picture, as it is. */
function copied(image: Uint8Array, planned: Size[] = []): Promise<Uint8Array> {
  return fromPicture(image, {
    planOf(size) {
      planned.push(size);
      const crop = { left: 0, top: 0, ...size };
      return { crop, size, used: () => crop };
    },
    make: (rows) => Uint8Array.from(linesOf(rows)),
    decoding: "exact",
  });
}

function linesOf(rows: Rows): number[] {
  rows.reserve(rows.height);
  const start = rows.load(0, rows.height);
  return Array.from(
    { length: rows.height },
    (_, y) => [...bytesAt(start + y * rows.rowBytes, 3 * rows.width)],
  )
    .flat();
}

Deno.test("a view of a JPEG, of which a part is decoded, is that of its pixels", async () => {
  for (const name of ["quarter", "quarter, poor", "half", "all", "gray"] as const) {
    const [width, height] = golden[name].size, data = await copied(bytesOf(name));
    for (const [size, shortSide] of [[16, 18], [30, 33], [64, 80], [8, 40]]) {
      for (const filter of [BICUBIC, BILINEAR]) {
        const ofPart = await centerView(bytesOf(name), size, shortSide, filter);
        const ofPixels = await centerView({ data, width, height }, size, shortSide, filter);
        assert.deepEqual(ofPart, ofPixels, `${name}, ${size} of ${shortSide}`);
      }
    }
  }
});

Deno.test("views that are made at the same time do not get into each other's memory", async () => {
  const names = Object.keys(golden) as (keyof typeof golden)[];
  const alone = [];
  for (const name of names) alone.push(await centerView(bytesOf(name), 32));
  assert.deepEqual(await Promise.all(names.map((name) => centerView(bytesOf(name), 32))), alone);
});

Deno.test("a JPEG with damaged data is the general decoder's, and is planned once", async () => {
  const bytes = bytesOf("quarter"), planned: Size[] = [];
  const scan = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xda);
  bytes.fill(0xff, scan + 400, scan + 404); // no marker: libjpeg warns and goes on
  const expected = (await decode(bytes)).data;
  assert.deepEqual(await copied(bytes, planned), new Uint8Array(expected));
  assert.deepEqual(planned.map(({ width, height }) => [width, height]), [[77, 51]]);
});
