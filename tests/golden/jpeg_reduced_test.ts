import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Random, RandomViews } from "@seed/core";
import golden from "./jpeg_reduced.json" with { type: "json" };

/** A view of a JPEG, and what PIL makes of it by `Image.draft`, `crop` and `resize`. */
interface Case {
  /** Left, top, width, height. */
  crop: number[];
  side: number;
  /** By how much the picture's sides may be shortened so that the crop has the view's pixels. */
  by: number;
  /** The first digits. */
  sha256: string;
}

const hashOf = (pixels: Uint8Array) => createHash("sha256").update(pixels).digest("hex").slice(0, 16);

async function viewOf(
  jpeg: Uint8Array,
  { crop: [left, top, width, height], side }: Case,
  decoding: "exact" | "reduced",
) {
  const plan = () => ({ crop: { left, top, width, height }, flip: false, operations: [] });
  return await new RandomViews(side, plan, decoding).view(jpeg, new Random(0), side);
}

for (const [name, { jpeg, views }] of Object.entries(golden)) {
  const bytes = Uint8Array.fromBase64(jpeg), cases = Object.values(views as Record<string, Case>);
  Deno.test(`JPEG, ${name}: views of the reduced picture are PIL's, pixel for pixel`, async () => {
    const wrong = [];
    for (const one of cases) {
      if (hashOf(await viewOf(bytes, one, "reduced")) !== one.sha256) wrong.push(one);
    }
    assert.deepEqual(wrong, []);
  });

  Deno.test(`JPEG, ${name}: views that need the whole picture are not changed, and others are`, async () => {
    for (const one of cases) {
      const [exact, reduced] = [await viewOf(bytes, one, "exact"), await viewOf(bytes, one, "reduced")];
      assert.equal(hashOf(exact) === hashOf(reduced), one.by === 1, JSON.stringify(one));
    }
  });
}

Deno.test("there are views at each size", () => {
  const cases = Object.values(golden).flatMap(({ views }) => Object.values(views as Record<string, Case>));
  for (const by of [1, 2, 4, 8]) assert.ok(cases.filter((one) => one.by === by).length >= 8, `1/${by}`);
});
