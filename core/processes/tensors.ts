/**
 * Tensors that several processes add up or gather. They leave the device and come back: what carries them between
 * processes works in the machine's memory.
 *
 * @module
 */
import { tf } from "../tf.ts";
import type { Processes } from "./processes.ts";

/** The sum of a vector over all processes. Frees the one that is given. */
export async function sumOver(processes: Processes, vector: tf.Tensor1D): Promise<tf.Tensor1D> {
  const values = await take(vector);
  await processes.sum(values);
  return tf.tensor1d(values);
}

/** The rows of all processes, by rank: `[size * rows, dim]`. Frees the ones that are given. */
export async function gatherRows(processes: Processes, rows: tf.Tensor2D): Promise<tf.Tensor2D> {
  const [count, dim] = rows.shape;
  return tf.tensor2d(await processes.gather(await take(rows)), [processes.size * count, dim]);
}

async function take(tensor: tf.Tensor): Promise<Float32Array<ArrayBuffer>> {
  const values = await tensor.data() as Float32Array<ArrayBuffer>;
  tensor.dispose();
  return values;
}
