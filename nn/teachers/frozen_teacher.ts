import {
  type Engine,
  type Precision,
  RunError,
  type Teacher,
  type TeacherHead,
  type TeacherMaps,
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
  /** The same with its map, `[batch, rows, columns, mapDim]`; absent: it has none. */
  maps?: (images: tf.Tensor4D) => [tf.Tensor2D, tf.Tensor4D];
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
  readonly #maps: TracedBatches;
  readonly mapDim: number | undefined;
  readonly head: TeacherHead | undefined;

  /**
   * @param options.mapDim Channels of its maps; there if `maps` is.
   * @param options.head What its embedding comes out of, if a student may take it over.
   */
  constructor(
    options: Network & {
      embeddingDim: number;
      mapDim?: number;
      head?: TeacherHead;
      inputSize: number | null;
      weights: WeightsRecord;
    },
  ) {
    ({ mapDim: this.mapDim, head: this.head } = options);
    ({ embeddingDim: this.embeddingDim, inputSize: this.inputSize, weights: this.weights } = options);
    this.#parameters = options.parameters;
    const pads = { pads: options.engine.traces }, { forward, maps } = options;
    this.#forward = new TracedBatches(() => traced(options, (images) => [forward(images)]), pads);
    this.#maps = new TracedBatches(() => traced(options, maps!), pads);
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
    const [embedding] = await this.#forward.call(images);
    return embedding as tf.Tensor2D;
  }

  async maps(images: tf.Tensor4D): Promise<TeacherMaps> {
    if (this.mapDim === undefined) throw new RunError("The teacher has no maps to give; take another one");
    const [embedding, map] = await this.#maps.call(images);
    return { embedding: embedding as tf.Tensor2D, map: map as tf.Tensor4D };
  }

  [Symbol.dispose](): void {
    this.#forward[Symbol.dispose]();
    this.#maps[Symbol.dispose]();
    this.#parameters[Symbol.dispose]();
  }
}

/** The network with unit rows: those by a function of their own, so in fp32 whatever the network's precision. */
function traced(
  { name, engine, parameters, precision }: Network,
  forward: (images: tf.Tensor4D) => [tf.Tensor2D, ...tf.Tensor[]],
): TracedFunction {
  const shared = parameters.tensors;
  const network = engine.trace((images) => forward(images as tf.Tensor4D), { name, precision, shared });
  const unit = engine.trace((rows) => [unitRows(rows as tf.Tensor2D)], { name: `${name}: unit rows` });
  return {
    async call(images) {
      const [rows, ...others] = await network.call(images);
      try {
        return [...await unit.call(rows), ...others];
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
