import { Random } from "../random.ts";
import { tf } from "../tf.ts";

/**
 * The random numbers of a step's training passes: the same for the same seed and step, whatever ran before.
 *
 * @param shape `[images of all views, numbers an image]`.
 * @returns float32 in 0..1.
 */
export function stepNoise(
  shape: [number, number],
  { seed, step }: { seed: number; step: number },
): tf.Tensor2D {
  const random = new Random(seed, "drop", step), values = new Float32Array(shape[0] * shape[1]);
  for (let i = 0; i < values.length; i++) values[i] = random.uniform(); // a loop: there are many
  return tf.tensor2d(values, shape);
}

/** Deals the rows of a step's random numbers out, in the order in which they are asked for. */
export class NoiseDealer {
  #used = 0;

  /** @param noise `[rows, numbers an image]`. */
  constructor(private readonly noise: tf.Tensor2D) {}

  /** @returns the rows that come next, `[rows, numbers an image]`. */
  next(rows: number): tf.Tensor2D {
    const start = this.#used;
    this.#used += rows;
    return tf.slice(this.noise, [start, 0], [rows, -1]);
  }
}
