import { BATCH_NORM_GRADIENT_KERNEL, BATCH_NORM_KERNEL } from "@seed/core";
import type { Lowering, Lowerings } from "./lowering.ts";
import type { ModuleBuilder } from "./module_builder.ts";
import { sizeOf, type Value } from "./value.ts";

/** Arithmetic of maps and of vectors `[channels]`, which are spread over them. */
function over(b: ModuleBuilder, { shape }: Value) {
  const axes = shape.slice(0, -1).map((_, i) => i), count = sizeOf(shape.slice(0, -1));
  const op = (name: string) => (x: Value, y: Value) => {
    const spread = (v: Value) => v.shape.length === 1 ? b.broadcast(v, shape) : v;
    return x.shape.length === y.shape.length ? b.binary(name, x, y) : b.binary(name, spread(x), spread(y));
  };
  const divided = (x: Value, divisor: number) => b.binary("divide", x, b.filled(divisor, x));
  const sum = (x: Value) => b.reduce("add", x, axes, 0);
  return { add: op("add"), subtract: op("subtract"), multiply: op("multiply"), sum, divided, count };
}

/** In f32 whatever the map is in; `y` is in what the map is. Reserved are the mean and 1 / deviation, which is there twice. */
const batchNorm: Lowering = (b, { x, scale, offset }, { epsilon }) => {
  const { add, subtract, multiply, sum, divided, count } = over(b, x), wide = b.convert(x, "f32");
  const mean = divided(sum(wide), count), centred = subtract(wide, mean);
  const squares = sum(multiply(centred, centred)), variance = divided(squares, count);
  const inverse = b.unary("rsqrt", add(variance, b.filled(epsilon, variance)));
  const y = add(multiply(centred, multiply(inverse, b.convert(scale, "f32"))), b.convert(offset, "f32"));
  return [b.convert(y, x.type), mean, divided(squares, Math.max(1, count - 1)), mean, inverse, inverse];
};

const batchNormBack: Lowering = (b, { dy, x, scale, reserve1: mean, reserve2: inverse }) => {
  const { subtract, multiply, sum, divided, count } = over(b, x);
  const gradient = b.convert(dy, "f32");
  const normed = multiply(subtract(b.convert(x, "f32"), mean), inverse);
  const dOffset = sum(gradient), dScale = sum(multiply(gradient, normed));
  const rest = subtract(
    subtract(gradient, divided(dOffset, count)),
    multiply(normed, divided(dScale, count)),
  );
  return [b.convert(multiply(rest, multiply(b.convert(scale, "f32"), inverse)), x.type), dScale, dOffset];
};

export const NORMALIZATION: Lowerings = {
  [BATCH_NORM_KERNEL]: batchNorm,
  [BATCH_NORM_GRADIENT_KERNEL]: batchNormBack,
};
