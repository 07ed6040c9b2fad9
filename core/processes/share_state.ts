import { tf } from "../tf.ts";
import type { Processes } from "./processes.ts";

/** Gives the variables of all processes the values that the first one's have. All name the same ones, in the same order. */
export async function shareState(processes: Processes, variables: readonly tf.Variable[]): Promise<void> {
  const lead = processes.rank === 0 ? await valuesOf(variables) : null;
  const bytes = await processes.broadcast(lead);
  let at = 0;
  for (const variable of variables) {
    const values = variable.dtype === "int32"
      ? new Int32Array(bytes.buffer, at, variable.size)
      : new Float32Array(bytes.buffer, at, variable.size);
    at += values.byteLength;
    const tensor = tf.tensor(values.slice(), variable.shape, variable.dtype);
    variable.assign(tensor);
    tensor.dispose();
  }
}

async function valuesOf(variables: readonly tf.Variable[]): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(4 * variables.reduce((sum, { size }) => sum + size, 0));
  let at = 0;
  for (const variable of variables) {
    const { buffer, byteOffset, byteLength } = await variable.data() as Float32Array | Int32Array;
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return bytes;
}
