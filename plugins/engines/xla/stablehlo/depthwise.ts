/**
 * Depthwise convolutions written out: a product for each tap of the filter, which XLA fuses into a pass over the maps.
 * XLA's compiler for processors has nothing fast for grouped convolutions.
 *
 * @module
 */
import { type Geometry, paddingBack, type Sides } from "./convolution_geometry.ts";
import type { ModuleBuilder } from "./module_builder.ts";
import type { Value } from "./value.ts";

/** Maps with a border of zeros, and zeros between their pixels; in f32, in which the taps are added. */
function padded(
  b: ModuleBuilder,
  x: Value,
  padding: readonly [Sides, Sides],
  between: Sides = [0, 0],
): Value {
  return b.pad(b.convert(x, "f32"), 0, [[0, 0], ...padding, [0, 0]], [0, ...between, 0]);
}

/** What a tap sees of maps: a result `height` by `width`. */
function seenBy(
  b: ModuleBuilder,
  maps: Value,
  [row, column]: Sides,
  [height, width]: Sides,
  strides: Sides,
): Value {
  const [batch, , , channels] = maps.shape;
  const end = [row + (height - 1) * strides[0] + 1, column + (width - 1) * strides[1] + 1];
  return b.slice(maps, [0, row, column, 0], [batch, ...end, channels], [1, ...strides, 1]);
}

/** Rows and columns of a filter, tap by tap. */
function tapsOf([height, width]: readonly number[]): Sides[] {
  return Array.from({ length: height * width }, (_, i) => [Math.floor(i / width), i % width]);
}

function sumOfTaps(b: ModuleBuilder, maps: Value, filter: Value, strides: Sides): Value {
  const [height, width, channels] = filter.shape, weights = b.convert(filter, "f32");
  const size: Sides = [
    Math.floor((maps.shape[1] - height) / strides[0]) + 1,
    Math.floor((maps.shape[2] - width) / strides[1]) + 1,
  ];
  const terms = tapsOf(filter.shape).map(([row, column]) => {
    const seen = seenBy(b, maps, [row, column], size, strides);
    const weight = b.slice(weights, [row, column, 0, 0], [row + 1, column + 1, channels, 1]);
    return b.binary("multiply", seen, b.broadcastInDim(b.reshape(weight, [channels]), seen.shape, [3]));
  });
  return b.convert(terms.reduce((sum, term) => b.binary("add", sum, term)), filter.type);
}

export function depthwiseTaps(
  b: ModuleBuilder,
  x: Value,
  filter: Value,
  { strides, padding }: Geometry,
): Value {
  return sumOfTaps(b, padded(b, x, padding), filter, strides);
}

export function depthwiseTapsBackInput(
  b: ModuleBuilder,
  dy: Value,
  filter: Value,
  shape: readonly number[],
  at: Geometry,
): Value {
  const [rows, columns] = at.strides;
  const maps = padded(b, dy, paddingBack(dy.shape, filter.shape, shape, at), [rows - 1, columns - 1]);
  return sumOfTaps(b, maps, b.reverse(filter, [0, 1]), [1, 1]);
}

export function depthwiseTapsBackFilter(
  b: ModuleBuilder,
  x: Value,
  dy: Value,
  shape: readonly number[],
  { strides, padding }: Geometry,
): Value {
  const maps = padded(b, x, padding), gradient = b.convert(dy, "f32"), [, height, width] = dy.shape;
  const sums = tapsOf(shape).map((tap) => {
    const product = b.binary("multiply", seenBy(b, maps, tap, [height, width], strides), gradient);
    // As a part of the concatenation XLA would add channel by channel, across the cache's lines.
    return b.reshape(b.barrier(b.reduce("add", product, [0, 1, 2], 0)), [1, shape[2]]);
  });
  return b.reshape(b.concatenate(sums, 0), shape);
}
