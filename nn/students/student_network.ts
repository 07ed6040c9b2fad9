import {
  type ArrayNeed,
  type OptionProblem,
  type Parameter,
  type RecipeFacts,
  type Student,
  type StudentFacts,
  type StudentOutput,
  type TeacherHead,
  tf,
  UsageError,
  z,
} from "@seed/core";
import type { Backbone } from "../backbones/backbone.ts";
import type { Mode } from "../layers/conv_norm.ts";
import { drop } from "../layers/dropout.ts";
import { type HeadOptions, projectionHead } from "../layers/linear.ts";
import type { ParameterSource } from "../parameters/parameters.ts";
import { TrainableParameters } from "../parameters/trainable_parameters.ts";
import { isReused, reusedHead } from "./reused_head.ts";

/** Of a layer; the widest published heads have 8,192. Two such layers hold 17 GB between them: see {@link headArrays}. */
const width = z.int().positive().max(65_536);

/**
 * Options of a student's projection head, as recipes write them.
 *
 * @example A student's plugin, whose recipes may write `head: { hidden: 2048 }`
 * ```ts
 * import { definePlugin, z } from "@seed/core";
 * import { headOptions, resnet, StudentNetwork } from "@seed/nn";
 * import assert from "node:assert/strict";
 *
 * const plugin = definePlugin({
 *   kind: "student",
 *   name: "my-resnet",
 *   apiVersion: 1,
 *   about: { summary: "A ResNet-34 with a projection head" },
 *   options: z.strictObject({ head: headOptions }),
 *   create: ({ head }, { seed, embeddingDim }) =>
 *     new StudentNetwork("resnet34", (source) => resnet(source, { depth: 34 }), {
 *       ...{ seed, head, teacherDim: embeddingDim },
 *     }),
 * });
 *
 * const { head } = plugin.options.parse({ head: { hidden: 2048 } });
 * assert.deepEqual(head, { hidden: 2048, norm: "none", projection: null, reuse_teacher: false });
 * ```
 */
export const headOptions = z.strictObject({
  /** Width between two linear layers, or widths between several; null: a single one. Default: the backbone's width. */
  hidden: z.union([width, z.array(width).min(1).max(16)]).nullable().optional(),
  /** `batch`: a batch norm before each ReLU. */
  norm: z.enum(["none", "batch"]).default("none"),
  /** Width of a projection, after which a prediction head of the same hidden widths leads to the embedding. */
  projection: width.nullable().default(null),
  /** Width of the embedding. Default: the teacher's, or 128 without one. */
  dim: width.optional(),
  /** True: one linear layer, and after it the teacher's own head, which does not train (Retro). */
  reuse_teacher: z.boolean().default(false),
}).prefault({});

/**
 * A student plugin's check of its head against the recipe: the student's embedding is as wide as the teacher's.
 *
 * @example
 * ```ts
 * import { checkHead } from "@seed/nn";
 * import assert from "node:assert/strict";
 *
 * const [{ key }] = checkHead({ head: { dim: 128 } }, { teacherDim: 2048, teacherHead: false });
 * assert.equal(key, "head.dim");
 * ```
 */
export function checkHead(
  { head: { dim, reuse_teacher: reuses } }: { head: { dim?: number; reuse_teacher?: boolean } },
  { teacherDim, teacherHead }: Pick<RecipeFacts, "teacherDim" | "teacherHead">,
): OptionProblem[] {
  if (reuses) return teacherHead === false ? [{ key: "head.reuse_teacher", message: NO_TEACHER_HEAD }] : [];
  const problem = widthProblem(dim, teacherDim);
  return problem === null ? [] : [{ key: "head.dim", message: problem }];
}

const NO_TEACHER_HEAD =
  "The student is to take over the teacher's projection head, and there is none: name a " +
  'teacher whose embedding is its head\'s output (of MoCo, SwAV or SimCLR with "layer: head"), or leave the option out';

/** Of a head's options, those that nothing reads: without a hidden layer there is no ReLU to put a norm before. */
export function headUnread(
  { head: { hidden, reuse_teacher: reuses } }: { head: z.output<typeof headOptions> },
): OptionProblem[] {
  if (reuses) {
    const message = "the head is one layer and the teacher's own (head.reuse_teacher)";
    return ["hidden", "norm", "projection", "dim"].map((key) => ({ key: `head.${key}`, message }));
  }
  return hidden === null
    ? [{
      key: "head.norm",
      message: "with head.hidden: null there is no ReLU, which the norm would stand before",
    }]
    : [];
}

/** What a student with a head tells of itself; whether its backbone has maps is for the plugin to add. */
export function headFacts({ head: { dim } }: { head: { dim?: number } }): StudentFacts {
  return { embeddingDim: dim ?? null };
}

/** Weights of a head's layers between widths that options tell, each with its gradient and its momentum. */
export function headArrays(
  { head: { hidden, projection, dim, reuse_teacher: reuses } }: { head: z.output<typeof headOptions> },
  { embeddingDim }: Pick<RecipeFacts, "embeddingDim">,
): ArrayNeed[] {
  if (reuses) return []; // the teacher's file says its widths
  const inner = widths(hidden ?? null), out = dim ?? embeddingDim ?? DEFAULT_DIM;
  const key = inner.length ? "head.hidden" : "head.dim";
  const chain = projection === null ? [...inner, out] : [...inner, projection, ...inner, out];
  return chain.slice(1).map((width, i) => ({ key, shape: [chain[i], width], copies: 3 }));
}

/**
 * What a student's plugin tells of the projection head that its option `head` describes ({@link headOptions}), to be
 * spread into `definePlugin`.
 */
export const headMembers = { check: checkHead, tells: headFacts, arrays: headArrays, unread: headUnread };

function widthProblem(dim: number | undefined, teacherDim: number | null): string | null {
  if (dim === undefined || teacherDim === null || dim === teacherDim) return null;
  return `The student's head.dim is ${dim}, but the teacher's embedding has ${teacherDim} dimensions; ` +
    "leave head.dim out, or set it to the teacher's";
}

/** Share of values or images that is dropped in training, as recipes write it. */
export const dropRate = z.number().min(0).lt(1).default(0);

const DEFAULT_DIM = 128;

/**
 * A backbone and a projection head with variables of their own: all that a student's plugin has to make.
 *
 * @example The width of the embedding is the teacher's
 * ```ts
 * import { tf } from "@seed/core";
 * import { mobilenetV3, StudentNetwork } from "@seed/nn";
 * import assert from "node:assert/strict";
 *
 * await tf.setBackend("cpu");
 * using student = new StudentNetwork("mobilenet_v3_small", (source) => mobilenetV3(source, "small"), {
 *   ...{ seed: 0, head: { hidden: null }, teacherDim: 128 }, // hidden null: a single linear layer
 * });
 * const images = tf.zeros<tf.Rank.R4>([2, 32, 32, 3]); // pixels in 0..255
 * const { features, embedding } = student.forward(images, { training: false });
 * assert.deepEqual([features.shape, embedding.shape], [[2, 1024], [2, 128]]);
 * ```
 */
export class StudentNetwork implements Student {
  readonly parameters: readonly Parameter[];
  readonly featureDim: number;
  readonly embeddingDim: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  readonly noisePerImage: number;
  readonly mapDim: number | undefined;
  readonly #dropout: number;
  readonly #source: TrainableParameters;
  readonly #backbone: Backbone;
  readonly #head: ReturnType<typeof projectionHead>;

  /**
   * @param options.dropout Share of the features that is dropped before the head in training; default 0.
   * @param options.teacherDim Width of the teacher's embedding, null without one.
   * @param options.teacherHead The head that a student with `reuse_teacher` takes over: the context's; default none.
   * @param options.isFrozen Which parameters training is to leave as they are: the context's; default none.
   * @throws {UsageError} If the head's width contradicts the teacher's, or the teacher has no head to take over.
   */
  constructor(
    readonly network: string,
    build: (source: ParameterSource) => Backbone,
    options: {
      seed: number;
      head: z.input<typeof headOptions>;
      dropout?: number;
      teacherDim: number | null;
      isFrozen?: (name: string) => boolean;
      teacherHead?: TeacherHead | null;
    },
  ) {
    const { seed, head = {}, dropout = 0, teacherDim, isFrozen = () => false, teacherHead = null } = options;
    const reused = head.reuse_teacher ? teacherHead : null;
    const problem = head.reuse_teacher && !reused ? NO_TEACHER_HEAD : widthProblem(head.dim, teacherDim);
    if (problem) throw new UsageError(problem);
    this.embeddingDim = head.dim ?? teacherDim ?? DEFAULT_DIM;
    this.#source = new TrainableParameters(
      seed,
      (name) => reused !== null && isReused(name) || isFrozen(name),
    );
    this.#backbone = build(this.#source);
    ({ featureDim: this.featureDim, mapDim: this.mapDim } = this.#backbone);
    this.#dropout = dropout;
    this.noisePerImage = (dropout ? this.featureDim : 0) + (this.#backbone.noisePerImage ?? 0);
    ({ mean: this.mean, std: this.std } = this.#backbone.normalization);
    this.#head = reused
      ? reusedHead(this.#source, this.featureDim, reused)
      : projectionHead(this.#source, "head", headLayers(head, this.featureDim, this.embeddingDim));
    this.parameters = this.#source.parameters;
  }

  forward(images: tf.Tensor4D, { training, noise, map = false }: Mode & { map?: boolean }): StudentOutput {
    const paths = this.#backbone.noisePerImage;
    const columns = (start: number, count: number) => noise && tf.slice(noise, [0, start], [-1, count]);
    const mode = { training, noise: paths ? columns(0, paths) : undefined };
    const { features, patches } = map
      ? this.#backbone.maps!(images, mode)
      : { features: this.#backbone.features(images, mode), patches: undefined };
    const drops = training && this.#dropout > 0 ? columns(paths ?? 0, this.featureDim) : undefined;
    const seen = drops ? drop(features, drops, this.#dropout) : features;
    return { features, embedding: this.#head(seen, { training }), ...patches && { map: patches } };
  }

  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]();
  }
}

/** The layers of a head as recipes write it, on features of a width. */
export function headLayers(
  { hidden, norm, projection }: NonNullable<z.input<typeof headOptions>>,
  featureDim: number,
  dim = DEFAULT_DIM,
): HeadOptions {
  return {
    inputs: featureDim,
    hidden: widths(hidden === undefined ? featureDim : hidden),
    ...{ norm, projection, dim },
  };
}

function widths(hidden: number | readonly number[] | null): readonly number[] {
  return hidden === null ? [] : typeof hidden === "number" ? [hidden] : hidden;
}
