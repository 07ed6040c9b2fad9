import type { tf } from "../tf.ts";

/** The loss, and what is told beside it. */
export type Figures<T> = { loss: T; losses: Record<string, T>; metrics: Record<string, T> };

/** Reads a tensor, and frees it. */
export async function read(tensor: tf.Tensor): Promise<Float32Array> {
  const values = await tensor.data() as Float32Array;
  tensor.dispose();
  return values;
}

/** Reads them, and frees the tensors. */
export async function readFigures({ loss, losses, metrics }: Figures<tf.Scalar>): Promise<Figures<number>> {
  const readAll = async (scalars: Record<string, tf.Scalar>) => {
    const values: Record<string, number> = {};
    for (const [name, scalar] of Object.entries(scalars)) values[name] = (await read(scalar))[0];
    return values;
  };
  return { loss: (await read(loss))[0], losses: await readAll(losses), metrics: await readAll(metrics) };
}

/** Other values under the same names. */
export function mapNamed<T, U>(named: Record<string, T>, change: (name: string) => U): Record<string, U> {
  return Object.fromEntries(Object.keys(named).map((name) => [name, change(name)]));
}
