import { axesOf, axisOf, type Lowering, type Lowerings } from "./lowering.ts";
import { sizeOf, type Value } from "./value.ts";
import type { ElementType } from "../pjrt/buffer.ts";

/** Reduces axes, which stay as ones of size 1 if `keepDims`. */
const reduction =
  (op: string, initial: (type: ElementType) => number): Lowering =>
  (b, { x }, { axis, reductionIndices, keepDims }) => {
    const axes = axesOf(axis ?? reductionIndices, x), reduced = b.reduce(op, x, axes, initial(x.type));
    return keepDims ? b.reshape(reduced, x.shape.map((size, i) => axes.includes(i) ? 1 : size)) : reduced;
  };

const sum = reduction("add", () => 0);

const mean: Lowering = (b, { x }, attributes, options) => {
  const total = sum(b, { x: b.convert(x, "f32") }, attributes, options) as Value;
  return b.binary("divide", total, b.filled(sizeOf(x.shape) / sizeOf(total.shape), total));
};

const softmax: Lowering = (b, { logits: x }, { dim }) => {
  const axis = axisOf(dim, x), narrow = x.shape.map((size, i) => i === axis ? 1 : size);
  const over = (op: string, v: Value, initial: number) =>
    b.broadcast(b.reshape(b.reduce(op, v, [axis], initial), narrow), x.shape);
  const powers = b.unary("exponential", b.binary("subtract", x, over("maximum", x, -Infinity)));
  return b.binary("divide", powers, over("add", powers, 0));
};

/** Sums and the like over axes, and what is made of them. */
export const REDUCTIONS: Lowerings = {
  All: reduction("and", () => 1),
  Any: reduction("or", () => 0),
  Max: reduction("maximum", (type) => type === "i32" ? -(2 ** 31) : -Infinity),
  Mean: mean,
  Min: reduction("minimum", (type) => type === "i32" ? 2 ** 31 - 1 : Infinity),
  Prod: reduction("multiply", () => 1),
  Softmax: softmax,
  Sum: (b, { x }, ...rest) => sum(b, { x: x.type === "i1" ? b.convert(x, "i32") : x }, ...rest),
};
