import { tf } from "../tf.ts";

/** The loss, and what is told beside it. */
export type Figures<T> = { loss: T; losses: Record<string, T>; metrics: Record<string, T> };

/** What figures are called, in the order of {@link listed}. */
export interface FigureNames {
  readonly losses: readonly string[];
  readonly metrics: readonly string[];
}

export function namesOf({ losses, metrics }: Figures<unknown>): FigureNames {
  return { losses: Object.keys(losses), metrics: Object.keys(metrics) };
}

/** Figures in a row: the loss, the losses, the metrics. */
export function listed<T>({ loss, losses, metrics }: Figures<T>): T[] {
  return [loss, ...Object.values(losses), ...Object.values(metrics)];
}

/** Puts the names on again. */
export function named<T>({ losses, metrics }: FigureNames, [loss, ...told]: readonly T[]): Figures<T> {
  const under = (names: readonly string[], values: readonly T[]) =>
    Object.fromEntries(names.map((name, i) => [name, values[i]]));
  return { loss, losses: under(losses, told), metrics: under(metrics, told.slice(losses.length)) };
}

/** All that is read of a step. */
export interface Told {
  figures: Figures<number>;
  /** The sum of squares of each gradient, `[trained]`. */
  squares: Float32Array;
}

/** All that a step tells as one vector, so that a device is read once a step. Its names are those of the last packed. */
export class ToldVector {
  #names: FigureNames | null = null;

  /**
   * Callable inside a traced function.
   *
   * @param squares The sum of squares of each gradient, `[trained]`.
   */
  pack(figures: Figures<tf.Scalar>, squares: tf.Tensor1D): tf.Tensor1D {
    this.#names = namesOf(figures);
    const scalars = listed(figures).map((scalar) => tf.reshape(tf.cast(scalar, "float32"), [1]));
    return tf.concat([...scalars, squares] as tf.Tensor1D[]);
  }

  /** Reads a vector, and frees it. */
  async read(vector: tf.Tensor1D): Promise<Told> {
    const values = await vector.data() as Float32Array, names = this.#names;
    vector.dispose();
    if (!names) throw new Error("What a step tells is read before it was packed");
    const count = 1 + names.losses.length + names.metrics.length;
    return { figures: named(names, [...values.subarray(0, count)]), squares: values.subarray(count) };
  }
}

/** Other values under the same names. */
export function mapNamed<T, U>(values: Record<string, T>, change: (name: string) => U): Record<string, U> {
  return Object.fromEntries(Object.keys(values).map((name) => [name, change(name)]));
}
