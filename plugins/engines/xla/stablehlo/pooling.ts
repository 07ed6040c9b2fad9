import { tf } from "@seed/core";
import type { Attributes, Lowerings } from "./lowering.ts";
import type { ModuleBuilder } from "./module_builder.ts";
import { sameShape, typeText, type Value } from "./value.ts";

/** By axis of `[batch, height, width, channels]`. */
interface Window {
  size: number[];
  strides: number[];
  padding: [number, number][];
}

function windowOf(x: readonly number[], { filterSize, strides, pad, dimRoundingMode }: Attributes): Window {
  const shape = [...x] as [number, number, number, number];
  const info = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const { top, bottom, left, right } = info.padInfo;
  return {
    size: [1, info.filterHeight, info.filterWidth, 1],
    strides: [1, info.strideHeight, info.strideWidth, 1],
    padding: [[0, 0], [top, bottom], [left, right], [0, 0]],
  };
}

function properties({ size, strides, padding }: Window): string {
  const sides = `dense<[${padding.map((side) => `[${side}]`)}]> : tensor<${padding.length}x2xi64>`;
  return `window_dimensions = array<i64: ${size}>, window_strides = array<i64: ${strides}>, padding = ${sides}`;
}

/** The body of a reduction: an operation of two scalars. */
function applying(op: string, scalar: string): string {
  return `      %r = stablehlo.${op} %a, %b : ${scalar}\n      stablehlo.return %r : ${scalar}`;
}

function reduceWindow(
  b: ModuleBuilder,
  op: "add" | "maximum",
  x: Value,
  initial: number,
  window: Window,
): Value {
  const scalar = typeText({ shape: [], type: x.type });
  const shape = x.shape.map((size, i) =>
    Math.floor((size + window.padding[i][0] + window.padding[i][1] - window.size[i]) / window.strides[i]) + 1
  );
  const inputs = [x, b.scalar(initial, x.type)];
  return b.opWithBodies("reduce_window", inputs, properties(window), [applying(op, scalar)], shape);
}

/** The gradient of a maximum: to each window's first largest value. */
function maximumBack(b: ModuleBuilder, input: Value, dy: Value, window: Window): Value {
  const scalar = typeText({ shape: [], type: input.type });
  const isLarger = `      %r = stablehlo.compare GE, %a, %b, FLOAT : (${scalar}, ${scalar}) -> tensor<i1>\n` +
    "      stablehlo.return %r : tensor<i1>";
  const inputs = [input, dy, b.scalar(0, input.type)], bodies = [isLarger, applying("add", scalar)];
  return b.opWithBodies("select_and_scatter", inputs, properties(window), bodies, input.shape);
}

/** How many pixels each window has: those of the border do not count. */
function countsOf(b: ModuleBuilder, shape: readonly number[], window: Window, like: Value): Value {
  if (window.padding.flat().every((side) => side === 0)) {
    return b.filled(window.size[1] * window.size[2], like);
  }
  const ones = b.filled(1, { shape: [1, shape[1], shape[2], 1], type: "f32" });
  return b.broadcast(reduceWindow(b, "add", ones, 0, window), like.shape);
}

function isWhole(window: Window, shape: readonly number[]): boolean {
  return sameShape(window.size.slice(1, 3), shape.slice(1, 3)) && window.padding.flat().every((n) => n === 0);
}

function average(b: ModuleBuilder, x: Value, attributes: Attributes): Value {
  const window = windowOf(x.shape, attributes), wide = b.convert(x, "f32"), [batch, , , channels] = x.shape;
  const sums = isWhole(window, x.shape)
    ? b.reshape(b.reduce("add", wide, [1, 2], 0), [batch, 1, 1, channels])
    : reduceWindow(b, "add", wide, 0, window);
  return b.convert(b.binary("divide", sums, countsOf(b, x.shape, window, sums)), x.type);
}

/** Each result's share, to all pixels of its window. */
function averageBack(b: ModuleBuilder, dy: Value, shape: readonly number[], attributes: Attributes): Value {
  const window = windowOf(shape, attributes), wide = b.convert(dy, "f32");
  const share = b.binary("divide", wide, countsOf(b, shape, window, wide));
  if (isWhole(window, shape)) return b.convert(b.broadcast(share, shape), dy.type);
  const sides = window.size.map((size, i): [number, number] => {
    const before = size - 1 - window.padding[i][0], spread = (dy.shape[i] - 1) * window.strides[i] + 1;
    return [before, shape[i] + size - 1 - spread - before];
  });
  const spread = b.pad(share, 0, sides, window.strides.map((stride) => stride - 1));
  const plain = {
    size: window.size,
    strides: [1, 1, 1, 1],
    padding: sides.map((): [number, number] => [0, 0]),
  };
  return b.convert(reduceWindow(b, "add", spread, 0, plain), dy.type);
}

export const POOLING: Lowerings = {
  AvgPool: (b, { x }, attributes) => average(b, x, attributes),
  AvgPoolGrad: (b, { dy, input }, attributes) => averageBack(b, dy, input.shape, attributes),
  MaxPool: (b, { x }, attributes) => reduceWindow(b, "maximum", x, -Infinity, windowOf(x.shape, attributes)),
  MaxPoolGrad: (b, { dy, input }, attributes) =>
    maximumBack(b, input, b.convert(dy, input.type), windowOf(input.shape, attributes)),
};
