import {
  type Engine,
  type Precision,
  type Teacher,
  tf,
  type TracedFunction,
  unitRows,
  type WeightsRecord,
} from "@seed/core";
import type { FrozenParameters } from "../frozen/frozen_parameters.ts";

/** A teacher that is a network of constants, traced by the engine. */
export class FrozenTeacher implements Teacher {
  readonly embeddingDim: number;
  readonly inputSize: number | null;
  readonly weights: WeightsRecord;
  readonly parameters: number;
  readonly #parameters: FrozenParameters;
  /** One a shape: views, small patches and evaluations come in batches of their own. */
  readonly #forward = new Map<string, TracedFunction>();

  constructor(
    private readonly options: {
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
    // Running statistics are no weights.
    const isWeight = (name: string) => !/\.running_(mean|var)$/.test(name);
    this.parameters = this.#parameters.values.reduce(
      (sum, { name, tensor }) => isWeight(name) ? sum + tensor.size : sum,
      0,
    );
  }

  async embed(images: tf.Tensor4D): Promise<tf.Tensor2D> {
    const [embedding] = await this.#traced(images.shape).call(images);
    // Outside the traced function, so in fp32 whatever its precision.
    const unit = tf.tidy(() => unitRows(embedding as tf.Tensor2D));
    embedding.dispose();
    return unit;
  }

  #traced(shape: number[]): TracedFunction {
    const { engine, forward, name, precision } = this.options, key = shape.join();
    const known = this.#forward.get(key) ??
      engine.trace((images) => [forward(images as tf.Tensor4D)], { name, precision });
    this.#forward.set(key, known);
    return known;
  }

  [Symbol.dispose](): void {
    for (const traced of this.#forward.values()) traced[Symbol.dispose]();
    this.#parameters[Symbol.dispose]();
  }
}
