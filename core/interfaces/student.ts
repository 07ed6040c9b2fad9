import type { tf } from "../tf.ts";
import type { WeightsRecord } from "./teacher.ts";

/** How an array in PyTorch's layout is laid out in TensorFlow's. */
export type ParameterKind =
  /** PyTorch `[out, in, kh, kw]`, TensorFlow `[kh, kw, in, out]`. */
  | "conv"
  /** PyTorch `[channels, 1, kh, kw]`, TensorFlow `[kh, kw, channels, 1]`. */
  | "depthwise"
  /** PyTorch `[out, in]`, TensorFlow `[in, out]`. */
  | "linear"
  /** The same in both. */
  | "vector";

/** A named value of a network. */
export interface Parameter {
  /** timm's state-dict name, for example `blocks.0.0.conv_dw.weight`; the head's begin with `head.`, but `head.norm`. */
  readonly name: string;
  readonly kind: ParameterKind;
  /** In TensorFlow's layout. */
  readonly variable: tf.Variable;
  /** False for running statistics. */
  readonly trainable: boolean;
  /** True: training leaves it as it is (`train.freeze`), whatever it is. Absent: it does not. */
  readonly frozen?: true;
}

/** What a network makes of a batch. */
export interface StudentOutput {
  /** Backbone output, pooled: `[batch, featureDim]` float32. */
  features: tf.Tensor2D;
  /** Projection head output: `[batch, embeddingDim]` float32, not normalised. */
  embedding: tf.Tensor2D;
  /** Backbone output before it is pooled: `[batch, rows, columns, mapDim]` float32. There if it is asked for. */
  map?: tf.Tensor4D;
}

/** What {@link Student.network} may be, and how a network of somebody else's may be called. */
export const NETWORK_NAME = /^[A-Za-z0-9][\w./@:-]{0,99}$/;

/** The network that is trained: a backbone and a projection head. */
export interface Student extends Disposable {
  /** timm's name of the architecture, for example `efficientnet_b0`. */
  readonly network: string;
  readonly featureDim: number;
  readonly embeddingDim: number;
  /** Per-channel mean and deviation of its input, of pixels in 0..1. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Every variable, in state-dict order, running statistics included. */
  readonly parameters: readonly Parameter[];
  /** How many random numbers an image takes in training: for dropout, say. Default: none. */
  readonly noisePerImage?: number;
  /** Channels of its maps; absent: it has none to give. A plugin whose students have them tells so (`tells`). */
  readonly mapDim?: number;

  /**
   * Runs the network; callable inside a traced function and under a gradient.
   *
   * @param images `[batch, height, width, 3]` float32 in 0..255, RGB.
   * @param options.training If true, batch norm uses and updates batch statistics.
   * @param options.noise `[batch, noisePerImage]` float32 in 0..1, what dropout goes by in training; nothing is
   *   dropped without it.
   * @param options.map Whether the output's map is wanted too; asked only of a student with a {@link mapDim}.
   */
  forward(
    images: tf.Tensor4D,
    options: { training: boolean; noise?: tf.Tensor2D; map?: boolean },
  ): StudentOutput;
}

/** Where weights are. */
export interface WeightsPlace {
  /** Of the file, or of the index of several. */
  readonly path: string;
  /** Those that they consist of, the index first; not there if it is one file. */
  readonly files?: readonly string[];
}

/** A file of weights that a student is to begin from. */
export interface InitialWeights extends WeightsPlace {
  /** True: entries of the file that the student has no place for are no error. */
  readonly allowUnused: boolean;
  /** What stands before the names of the network that is meant, where the file holds it several times; null: nothing. */
  readonly below: string | null;
}

/** What a student has taken from such a file. */
export interface TakenWeights {
  /** Naming convention that the file was found to follow, for example `timm`. */
  readonly layout: string;
  /** How many tensors were taken. */
  readonly tensors: number;
  /** Tensors of the file that were not: a classifier, an optimizer's state. Counts of batches are not counted. */
  readonly left: number;
  /** Tensors of the student that begin from noise: its head's, where the file has none that fits. */
  readonly fresh: number;
  /** Sentences on what is not as in the file: why the head begins from noise, say. */
  readonly notes: readonly string[];
}

/** The same with its file, as `run.json` records it. */
export type InitialWeightsRecord = WeightsRecord & TakenWeights;
