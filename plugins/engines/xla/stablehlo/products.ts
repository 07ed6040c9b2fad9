import { PRODUCT_KERNEL, tf } from "@seed/core";
import type { Lowering, Lowerings } from "./lowering.ts";

/** Products of f32 are TF32 on NVIDIA's cards, and bf16 on TPUs, unless the highest precision is asked for. */
const EXACT = ", precision = [HIGHEST, HIGHEST]";

/** A matrix product, or one for each matrix of two stacks. */
const product: Lowering = (b, { a, b: other }, { transposeA, transposeB }) => {
  const rank = Math.max(a.shape.length, other.shape.length);
  const stack = tf.backend_util.assertAndGetBroadcastShape(
    [...a.shape.slice(0, -2)],
    [...other.shape.slice(0, -2)],
  );
  const [x, y] = [a, other].map((value) => b.broadcast(value, [...stack, ...value.shape.slice(-2)]));
  const [row, column] = [rank - 2, rank - 1], axes = stack.map((_, i) => i);
  const batching = axes.length ? `batching_dims = [${axes}] x [${axes}], ` : "";
  const contracting = `contracting_dims = [${transposeA ? row : column}] x [${transposeB ? column : row}]`;
  return b.op(
    `stablehlo.dot_general ${x.name}, ${y.name}, ${batching}${contracting}${x.type === "f32" ? EXACT : ""}`,
    [x, y],
    [...stack, x.shape[transposeA ? column : row], y.shape[transposeB ? row : column]],
    x.type,
  );
};

/** Matrix products. SEED's similarities at a temperature of 0.0001 need every digit of an f32. */
export const PRODUCTS: Lowerings = { BatchMatMul: product, [PRODUCT_KERNEL]: product };
