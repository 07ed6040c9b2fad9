import assert from "node:assert/strict";
import type { Operation } from "./operations.ts";
import { renderView } from "./render_view.ts";

const picture = { data: Uint8Array.from({ length: 3 * 16 * 16 }, (_, i) => 31 * i), width: 16, height: 16 };

function view(...operations: Operation[]): Uint8Array {
  return renderView(picture, { crop: { left: 0, top: 0, ...picture }, flip: false, operations }, 16);
}

Deno.test("a blur of no pixels changes nothing; of more than the kernels can sum, it is an error", () => {
  assert.deepEqual(view({ kind: "blur", sigma: 0 }), picture.data);
  assert.notDeepEqual(view({ kind: "blur", sigma: 125 }), picture.data);
  assert.throws(() => view({ kind: "blur", sigma: 130 }), {
    name: "RunError",
    message: 'A blur of 130 pixels was asked for, expected at most 125. Lower "blur.sigma"',
  });
});

Deno.test("factors of 1 change nothing, and factors far away make bytes", () => {
  for (const kind of ["brightness", "contrast", "saturation"] as const) {
    assert.deepEqual(view({ kind, factor: 1 }), picture.data, kind);
    assert.ok(view({ kind, factor: 1e9 }).every((value) => value <= 255), kind);
  }
  assert.ok(
    view({ kind: "brightness", factor: 1e9 }).every((value, i) => value === (picture.data[i] && 255)),
  );
});
