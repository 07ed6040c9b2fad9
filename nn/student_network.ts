import { type Parameter, type Student, type StudentOutput, type tf, UsageError, z } from "@seed/core";
import type { Backbone } from "./backbone.ts";
import { projectionHead } from "./linear.ts";
import type { ParameterSource } from "./parameters.ts";
import { TrainableParameters } from "./trainable_parameters.ts";

/** Options of a student's projection head, as recipes write them. */
export const headOptions = z.strictObject({
  /** Width between the two linear layers; null: a single linear layer. Default: the backbone's width. */
  hidden: z.int().positive().nullable().optional(),
  /** Width of the embedding. Default: the teacher's, or 128 without one. */
  dim: z.int().positive().optional(),
}).default({});

const DEFAULT_DIM = 128;

/** A backbone and a projection head with variables of their own. */
export class StudentNetwork implements Student {
  readonly parameters: readonly Parameter[];
  readonly featureDim: number;
  readonly embeddingDim: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  readonly #source: TrainableParameters;
  readonly #backbone: Backbone;
  readonly #head: (x: tf.Tensor2D) => tf.Tensor2D;

  /**
   * @param options.teacherDim Width of the teacher's embedding, null without one.
   * @throws {UsageError} If the head's width contradicts the teacher's.
   */
  constructor(
    readonly network: string,
    build: (source: ParameterSource) => Backbone,
    options: { seed: number; head: z.output<typeof headOptions>; teacherDim: number | null },
  ) {
    const { seed, head, teacherDim } = options;
    this.embeddingDim = head.dim ?? teacherDim ?? DEFAULT_DIM;
    if (teacherDim !== null && this.embeddingDim !== teacherDim) {
      throw new UsageError(
        `The student's head.dim is ${head.dim}, but the teacher's embedding has ${teacherDim} dimensions; ` +
          "leave head.dim out, or set it to the teacher's",
      );
    }
    this.#source = new TrainableParameters(seed);
    this.#backbone = build(this.#source);
    this.featureDim = this.#backbone.featureDim;
    ({ mean: this.mean, std: this.std } = this.#backbone.normalization);
    this.#head = projectionHead(this.#source, "head", {
      inputs: this.featureDim,
      hidden: head.hidden === undefined ? this.featureDim : head.hidden,
      dim: this.embeddingDim,
    });
    this.parameters = this.#source.parameters;
  }

  forward(images: tf.Tensor4D, mode: { training: boolean }): StudentOutput {
    const features = this.#backbone.features(images, mode);
    return { features, embedding: this.#head(features) };
  }

  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]();
  }
}
