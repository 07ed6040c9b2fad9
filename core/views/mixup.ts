import type { Engine, TracedFunction } from "../interfaces/engine.ts";
import { Random } from "../random.ts";
import { tf } from "../tf.ts";

/** How the images of a process are mixed. */
export interface MixupOptions {
  readonly seed: number;
  /** Parts that this process runs its images in, one after the other. */
  readonly parts: number;
  /** Which of several processes it is, from 0. */
  readonly rank: number;
}

/**
 * Mixup of views (Zhang et al., ICLR 2018), as LightlyTrain's distillation has it: each view becomes a sum of itself and
 * of the same view of another image. One factor a step, uniform in 0..1, for all views and patches; each part of a
 * batch is mixed within itself, so that what a part sees does not depend on which process runs it. The teacher sees what
 * the student sees.
 */
export class Mixup implements Disposable {
  /** By shape: a traced function takes one. */
  readonly #mixed = new Map<string, TracedFunction>();

  constructor(private readonly engine: Pick<Engine, "trace">, private readonly options: MixupOptions) {}

  /**
   * Mixes the images of a step. The same step gives the same mixture, whatever was mixed before.
   *
   * @param images `[batch, side, side, 3]`; freed.
   * @returns the same shape, the caller's.
   */
  async mix(images: tf.Tensor4D, step: number): Promise<tf.Tensor4D> {
    const shape = images.shape.join(), mixed = this.#mixed.get(shape) ?? this.#trace();
    this.#mixed.set(shape, mixed);
    const partners = tf.tensor1d(partnersOf(images.shape[0], step, this.options), "int32");
    const factor = tf.scalar(factorOf(step, this.options.seed));
    try {
      return (await mixed.call(images, partners, factor))[0] as tf.Tensor4D;
    } finally {
      tf.dispose([images, partners, factor]);
    }
  }

  [Symbol.dispose](): void {
    for (const mixed of this.#mixed.values()) mixed[Symbol.dispose]();
  }

  #trace(): TracedFunction {
    const mixture = (images: tf.Tensor, partners: tf.Tensor, factor: tf.Tensor) => {
      const others = tf.gather(images, partners as tf.Tensor1D);
      return [tf.add(tf.mul(images, factor), tf.mul(others, tf.sub(1, factor)))];
    };
    return this.engine.trace(mixture, { name: "mixup" });
  }
}

/** A step's share of an image itself. */
export function factorOf(step: number, seed: number): number {
  return new Random(seed, "mixup", step).uniform();
}

/** The image that each is mixed with, of those of its part; it may be itself. */
export function partnersOf(images: number, step: number, { seed, parts, rank }: MixupOptions): Int32Array {
  const size = images / parts, partners = new Int32Array(images);
  for (let part = 0; part < parts; part++) {
    const order = new Random(seed, "mixup", step, rank * parts + part).permutation(size), first = part * size;
    order.forEach((other, i) => partners[first + i] = first + other);
  }
  return partners;
}
