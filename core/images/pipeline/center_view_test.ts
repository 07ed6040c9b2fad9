import assert from "node:assert/strict";
import golden from "../../../tests/golden/center_view.json" with { type: "json" };
import { unit } from "../../../tests/golden/formula.ts";
import { centerView } from "./center_view.ts";

Deno.test("centerView equals torchvision's Resize and CenterCrop on PIL images, pixel for pixel", async () => {
  for (const [name, expected] of Object.entries(golden)) {
    const [width, height, size, shortSide] = name.split("x").map(Number);
    const noise = unit(`picture.${width}.${height}`, width * height * 3);
    const data = Uint8Array.from(noise, (value) => 256 * value);
    const view = await centerView({ data, width, height }, size, shortSide);
    const reference = Uint8Array.fromBase64(expected);
    const off = reference.reduce((most, value, i) => Math.max(most, Math.abs(value - view[i])), 0);
    assert.equal(off, 0, `${name}: off by up to ${off} levels`);
    assert.equal(view.length, reference.length);
  }
});

Deno.test("centerView takes square pixels whole and leaves pixels of the right size as they are", async () => {
  const data = crypto.getRandomValues(new Uint8Array(16 * 16 * 3));
  assert.deepEqual(await centerView({ data, width: 16, height: 16 }, 16), data);
  const half = await centerView({ data, width: 16, height: 16 }, 8, 999);
  assert.equal(half.length, 8 * 8 * 3);
});
