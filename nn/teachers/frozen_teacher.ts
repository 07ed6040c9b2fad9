import {
  type Engine,
  type Precision,
  type Teacher,
  type tf,
  type TracedFunction,
  unitRows,
  type WeightsRecord,
} from "@seed/core";
import type { FrozenParameters } from "../frozen/frozen_parameters.ts";
import { TracedBatches } from "./traced_batches.ts";

/** What a teacher computes. */
interface Network {
  name: string;
  engine: Engine;
  parameters: FrozenParameters;
  /** `[batch, height, width, 3]` float32 in 0..255 to `[batch, embeddingDim]`, not normalised. */
  forward: (images: tf.Tensor4D) => tf.Tensor2D;
  precision: Precision;
}

/** A teacher that is a network of constants, traced by the engine. */
export class FrozenTeacher implements Teacher {
  readonly embeddingDim: number;
  readonly inputSize: number | null;
  readonly weights: WeightsRecord;
  readonly parameters: number;
  readonly #parameters: FrozenParameters;
  readonly #forward: TracedBatches;

  constructor(
    options: Network & { embeddingDim: number; inputSize: number | null; weights: WeightsRecord },
  ) {
    ({ embeddingDim: this.embeddingDim, inputSize: this.inputSize, weights: this.weights } = options);
    this.#parameters = options.parameters;
    this.#forward = new TracedBatches(() => traced(options), { pads: options.engine.traces });
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
    return await this.#forward.call(images);
  }

  [Symbol.dispose](): void {
    this.#forward[Symbol.dispose]();
    this.#parameters[Symbol.dispose]();
  }
}

/** The network with unit rows: those by a function of their own, so in fp32 whatever the network's precision. */
function traced({ name, engine, parameters, forward, precision }: Network): TracedFunction {
  const shared = parameters.tensors;
  const network = engine.trace((images) => [forward(images as tf.Tensor4D)], { name, precision, shared });
  const unit = engine.trace((rows) => [unitRows(rows as tf.Tensor2D)], { name: `${name}: unit rows` });
  return {
    async call(images) {
      const [rows] = await network.call(images);
      try {
        return await unit.call(rows);
      } finally {
        rows.dispose();
      }
    },
    [Symbol.dispose]() {
      network[Symbol.dispose]();
      unit[Symbol.dispose]();
    },
  };
}
