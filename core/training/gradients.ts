import { RunError } from "../errors.ts";
import type { Parameter } from "../interfaces/student.ts";
import { tf } from "../tf.ts";
import { mapTensors, type Named, tensorsOf } from "./named_tensors.ts";

/**
 * A loss, its gradients, and what was found beside it.
 *
 * @returns one gradient a parameter, in their order.
 * @throws {RunError} If a parameter has no part in the loss.
 */
export function gradientsOf<More extends Named>(
  lossOf: () => { loss: tf.Scalar; more: More },
  trained: readonly Parameter[],
): { loss: tf.Scalar; gradients: tf.Tensor[]; more: More } {
  let kept!: More;
  const { value, grads } = tf.variableGrads(() => {
    const { loss, more } = lossOf();
    kept = mapTensors(more, (tensor) => tf.keep(tf.clone(tensor))); // outlives the gradient's scope
    return loss;
  }, trained.map(({ variable }) => variable));
  const more = mapTensors(kept, (tensor) => tf.clone(tensor)); // belongs to the scope around this
  tf.dispose(tensorsOf(kept));
  const gradients = trained.map(({ name, variable }) => {
    const gradient = grads[variable.name];
    if (gradient) return gradient;
    throw new RunError(
      `The loss does not depend on "${name}", so it cannot be trained; use it, or freeze it`,
    );
  });
  return { loss: value, gradients, more };
}

/**
 * All gradients shortened alike, as PyTorch's `clip_grad_norm_` does.
 *
 * @param squares The sum of squares of each gradient.
 */
export function clip(gradients: readonly tf.Tensor[], squares: tf.Tensor1D, longest: number): tf.Tensor[] {
  const scale = tf.minimum(tf.div(longest, tf.add(tf.sqrt(tf.sum(squares)), 1e-6)), 1);
  return gradients.map((gradient) => tf.mul(gradient, scale));
}
