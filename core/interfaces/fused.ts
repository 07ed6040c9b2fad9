import { FUSED_KERNEL, hasKernel, PRODUCT_KERNEL } from "./kernels.ts";
import { tf } from "../tf.ts";

/** Tensors in, tensors out, by element-wise operations, reductions and the like; no state, no data reads. */
export type FusedBody = (...inputs: tf.Tensor[]) => tf.Tensor[];

/**
 * Runs a body as one operation where the engine can compile it, else operation by operation. A chain of
 * element-wise operations is bound by memory: as one, it passes over it once.
 *
 * Has no gradient of its own: use it inside a `tf.customGrad` or outside of gradients.
 *
 * @param body Compiled once for each combination of input shapes, and known by its identity: a constant of a
 *   module, not a closure made at each call.
 */
export function fused(body: FusedBody, ...inputs: tf.Tensor[]): tf.Tensor[] {
  if (!hasKernel(FUSED_KERNEL)) return tf.tidy(() => body(...inputs));
  const named = Object.fromEntries(inputs.map((input, i) => [`${i}`, input]));
  const attributes = { body } as unknown as tf.NamedAttrMap;
  const outputs = tf.engine().runKernel(FUSED_KERNEL, named, attributes) as tf.Tensor | tf.Tensor[];
  return Array.isArray(outputs) ? outputs : [outputs];
}

/**
 * A matrix product, or one for each matrix of two stacks of equal height, that takes part in a traced function's
 * precision as convolutions do, also where {@link TraceOptions.training} keeps `tf.matMul` in fp32.
 *
 * Has no gradient of its own: use it inside a `tf.customGrad` or outside of gradients.
 */
export function product<T extends tf.Tensor2D | tf.Tensor3D>(
  a: T,
  b: T,
  transposeA = false,
  transposeB = false,
): T {
  if (!hasKernel(PRODUCT_KERNEL)) return tf.matMul(a, b, transposeA, transposeB);
  return tf.engine().runKernel(PRODUCT_KERNEL, { a, b }, { transposeA, transposeB }) as T;
}
