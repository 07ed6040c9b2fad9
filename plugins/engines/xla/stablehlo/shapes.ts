import { tf } from "@seed/core";
import { axesOf, axisOf, elementTypeOf, type Lowering, type Lowerings } from "./lowering.ts";
import type { ModuleBuilder } from "./module_builder.ts";
import type { Value } from "./value.ts";

/** The part of `x` from one index of an axis to another. */
function range(b: ModuleBuilder, x: Value, axis: number, from: number, to: number): Value {
  return b.slice(
    x,
    x.shape.map((_, i) => i === axis ? from : 0),
    x.shape.map((size, i) => i === axis ? to : size),
  );
}

const concat: Lowering = (b, inputs, { axis }) => {
  const values = Object.values(inputs), along = axisOf(axis, values[0]);
  const filled = values.filter(({ shape }) => shape[along] > 0);
  return filled.length > 1 ? b.concatenate(filled, along) : filled[0] ?? values[0];
};

const pack: Lowering = (b, inputs, { axis }) => {
  const values = Object.values(inputs), at = axis < 0 ? axis + values[0].shape.length + 1 : axis;
  const rows = values.map((value) => b.reshape(value, value.shape.toSpliced(at, 0, 1)));
  return rows.length > 1 ? b.concatenate(rows, at) : rows[0];
};

const unpack: Lowering = (b, { value }, { axis }) => {
  const at = axisOf(axis, value), shape = value.shape.toSpliced(at, 1);
  return Array.from({ length: value.shape[at] }, (_, i) => b.reshape(range(b, value, at, i, i + 1), shape));
};

const split: Lowering = (b, { x }, { numOrSizeSplits, axis }) => {
  const at = axisOf(axis, x), whole = { shape: [...x.shape] } as unknown as tf.Tensor;
  let from = 0;
  return tf.backend_util.prepareSplitSize(whole, numOrSizeSplits, at).map((size) =>
    range(b, x, at, from, from += size)
  );
};

const slice: Lowering = (b, { x }, { begin, size }) => {
  const whole = { shape: [...x.shape] } as tf.TensorInfo;
  const [from, sizes] = tf.slice_util.parseSliceParams(whole, begin, size);
  return b.slice(x, from, from.map((start, i) => start + sizes[i]));
};

const tile: Lowering = (b, { x }, { reps }) =>
  (reps as number[]).reduce(
    (value, count, axis) => count === 1 ? value : b.concatenate(Array(count).fill(value), axis),
    x,
  );

/** What moves values, repeats them, or makes them from none. */
export const SHAPES: Lowerings = {
  Concat: concat,
  Fill: (b, _inputs, { shape, value, dtype }) =>
    b.filled(value, { shape, type: elementTypeOf(dtype ?? "float32") }),
  OnesLike: (b, { x }) => b.filled(1, x),
  Pack: pack,
  PadV2: (b, { x }, { paddings, constantValue }) => b.pad(x, constantValue, paddings),
  Reverse: (b, { x }, { dims }) => b.reverse(x, axesOf(dims, x)),
  Slice: slice,
  SplitV: split,
  Tile: tile,
  Transpose: (b, { x }, { perm }) => b.transpose(x, perm),
  Unpack: unpack,
  ZerosLike: (b, { x }) => b.filled(0, x),
};
