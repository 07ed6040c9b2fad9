import { axisOf, elementTypeOf, type Lowering, type Lowerings } from "./lowering.ts";
import { sizeOf, typeText } from "./value.ts";

/** Rows along an axis, by their numbers. */
const gather: Lowering = (b, { x, indices }, { axis, batchDims = 0 }) => {
  if (batchDims !== 0) throw new Error(`gather with batchDims ${batchDims}, expected 0`);
  const at = axisOf(axis, x), count = sizeOf(indices.shape), flat = b.reshape(indices, [count]);
  const others = x.shape.map((_, i) => i).filter((i) => i !== at);
  const numbers =
    `offset_dims = [${others}], collapsed_slice_dims = [${at}], start_index_map = [${at}], index_vector_dim = 1`;
  const properties = `dimension_numbers = #stablehlo.gather<${numbers}>, slice_sizes = array<i64: ${
    x.shape.toSpliced(at, 1, 1)
  }>, indices_are_sorted = false`;
  const gathered = b.op(
    `"stablehlo.gather"(${x.name}, ${flat.name}) <{${properties}}>`,
    [x, flat],
    x.shape.toSpliced(at, 1, count),
    x.type,
  );
  return b.reshape(gathered, x.shape.toSpliced(at, 1, ...indices.shape));
};

/** Whole rows of a tensor replaced: `indices` is `[count, 1]`. */
const scatterRows: Lowering = (b, { tensor, indices, updates }) => {
  if (indices.shape.length !== 2 || indices.shape[1] !== 1) {
    throw new Error(`tensorScatterUpdate with indices [${indices.shape}], expected [count, 1]`);
  }
  const rest = tensor.shape.slice(1).map((_, i) => i + 1);
  const numbers = `update_window_dims = [${rest}], inserted_window_dims = [0], ` +
    "scatter_dims_to_operand_dims = [0], index_vector_dim = 1";
  const properties = `scatter_dimension_numbers = #stablehlo.scatter<${numbers}>, ` +
    "indices_are_sorted = false, unique_indices = false";
  const scalar = typeText({ shape: [], type: tensor.type });
  const replace = `      stablehlo.return %b : ${scalar}`;
  return b.opWithBodies("scatter", [tensor, indices, updates], properties, [replace], tensor.shape);
};

const oneHot: Lowering = (b, { indices }, { depth, onValue = 1, offValue = 0, dtype = "float32" }) => {
  const shape = [...indices.shape, depth], type = elementTypeOf(dtype);
  const numbers = b.iota(shape, indices.shape.length, "i32");
  const wanted = b.broadcastInDim(b.convert(indices, "i32"), shape, indices.shape.map((_, i) => i));
  const is = b.compare("EQ", numbers, wanted);
  return b.select(is, b.filled(onValue, { shape, type }), b.filled(offValue, { shape, type }));
};

/** What finds its place by numbers. */
export const SCATTER: Lowerings = { GatherV2: gather, OneHot: oneHot, TensorScatterUpdate: scatterRows };
