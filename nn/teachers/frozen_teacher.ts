import { type Engine, type Precision, type Teacher, tf, unitRows, type WeightsRecord } from "@seed/core";
import type { FrozenParameters } from "../frozen/frozen_parameters.ts";
import { TracedBatches } from "./traced_batches.ts";

/** A teacher that is a network of constants, traced by the engine. */
export class FrozenTeacher implements Teacher {
  readonly embeddingDim: number;
  readonly inputSize: number | null;
  readonly weights: WeightsRecord;
  readonly parameters: number;
  readonly #parameters: FrozenParameters;
  readonly #forward: TracedBatches;

  constructor(
    options: {
      name: string;
      engine: Engine;
      parameters: FrozenParameters;
      /** `[batch, height, width, 3]` float32 in 0..255 to `[batch, embeddingDim]`, not normalised. */
      forward: (images: tf.Tensor4D) => tf.Tensor2D;
      embeddingDim: number;
      inputSize: number | null;
      precision: Precision;
      weights: WeightsRecord;
    },
  ) {
    ({ embeddingDim: this.embeddingDim, inputSize: this.inputSize, weights: this.weights } = options);
    this.#parameters = options.parameters;
    const { engine, forward, name, precision } = options;
    this.#forward = new TracedBatches(
      () =>
        engine.trace((images) => [forward(images as tf.Tensor4D)], {
          ...{ name, precision, shared: this.#parameters.tensors },
        }),
      { pads: engine.traces },
    );
    // Running statistics are no weights.
    const isWeight = (name: string) => !/\.running_(mean|var)$/.test(name);
    this.parameters = this.#parameters.values.reduce(
      (sum, { name, tensor }) => isWeight(name) ? sum + tensor.size : sum,
      0,
    );
  }

  /** How many graphs there are: see {@link TracedBatches}. */
  get graphs(): number {
    return this.#forward.size;
  }

  async embed(images: tf.Tensor4D): Promise<tf.Tensor2D> {
    const embedding = await this.#forward.call(images);
    // Outside the traced function, so in fp32 whatever its precision.
    const unit = tf.tidy(() => unitRows(embedding));
    embedding.dispose();
    return unit;
  }

  [Symbol.dispose](): void {
    this.#forward[Symbol.dispose]();
    this.#parameters[Symbol.dispose]();
  }
}
