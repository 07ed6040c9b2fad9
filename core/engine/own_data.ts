/**
 * Variables and the data that they hold. tfjs's `a.assign(b)` copies nothing: both hold the same data from then on, until
 * one is assigned again. Engines that record a function know its inputs by their data, so two variables of one data
 * would become one input, and be filled with the values of one of them at every later call.
 *
 * @module
 */
import { tf } from "../tf.ts";

/** Sets a variable to the values of another, by way of its numbers: they share no data. */
export function copyValue(to: tf.Variable, from: tf.Variable): void {
  tf.tidy(() => to.assign(tf.tensor(from.dataSync().slice(), from.shape, from.dtype)));
}

/** Gives each variable whose data somebody else holds too, another variable or a tensor, data of its own. */
export function separate(variables: readonly tf.Variable[]): void {
  for (const variable of variables) if (isShared(variable)) copyValue(variable, variable);
}

function isShared({ dataId }: tf.Variable): boolean {
  const { backend } = tf.engine().state.tensorInfo.get(dataId as never)!;
  return backend.refCount(dataId) > 1;
}
