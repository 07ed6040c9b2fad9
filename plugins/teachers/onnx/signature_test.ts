import assert from "node:assert/strict";
import type { Session } from "./runtime.ts";
import { imageInput, type ImageOrder } from "./signature.ts";

/** A model's input of the shape. */
function inputOf(shape: (number | string)[], order: ImageOrder | null = null) {
  const inputMetadata = [{ name: "x", isTensor: true, type: "float32", shape }];
  return imageInput({ inputMetadata } as unknown as Session, "m.onnx", { order, inputSize: null });
}

Deno.test("a model of images that are not of three channels is told so, whatever the order that is set", () => {
  const cases: [(number | string)[], number][] = [
    [["b", 1, 28, 28], 1],
    [["b", 1, "h", "w"], 1],
    [["b", 28, 28, 1], 1],
    [["b", "h", "w", 4], 4],
    [["b", 12, 224, 224], 12],
    [[1, 1, 1, 1], 1],
  ];
  for (const [shape, channels] of cases) {
    for (const order of [null, "nchw", "nhwc"] as const) {
      assert.throws(() => inputOf(shape, order), (error: Error) => {
        assert.match(
          error.message,
          new RegExp(`takes "x" .*: images of ${channels} channels?, but a teacher`),
        );
        assert.doesNotMatch(error.message, /order/);
        return true;
      });
    }
  }
});

Deno.test("the axis of three channels is found, or asked for where the shape leaves it open", () => {
  assert.equal(inputOf(["b", 3, 224, 224]).order, "nchw");
  assert.equal(inputOf(["b", "h", "w", 3]).order, "nhwc");
  assert.equal(inputOf(["b", "c", 224, 224], "nchw").order, "nchw");
  for (const shape of [["b", "c", 224, "w"], ["b", "c", 224, 224], ["b", 3, 3, 3]]) {
    assert.throws(() => inputOf(shape), /does not tell the axis of the three channels; set teacher\.order/);
  }
});
