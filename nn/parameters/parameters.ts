/**
 * Where a network's values come from: made new and trained, or read from a file and frozen. A network is written
 * once against {@link ParameterSource} and does not know which.
 *
 * @module
 */
import type { Parameter, ParameterKind, tf } from "@seed/core";
import type { Initializer } from "./initializer.ts";

/** Gives a network its values. Tensors come in TensorFlow's layout, shapes are given in it too. */
export interface ParameterSource {
  /** True: batch norm is folded into the convolution before it, whose values must be constants. */
  readonly frozen: boolean;
  /** Everything handed out so far, in order; empty if frozen. */
  readonly parameters: readonly Parameter[];

  /**
   * @param name timm's state-dict name.
   * @param shape In TensorFlow's layout.
   * @param trainable False for running statistics; default true.
   */
  get(
    name: string,
    kind: ParameterKind,
    shape: readonly number[],
    init: Initializer,
    trainable?: boolean,
  ): tf.Tensor;

  /** Shape that a value has already, in PyTorch's layout: for one whose shape is not the network's alone to say. */
  shapeOf?(name: string): readonly number[] | undefined;

  /** Whether training leaves a value as it is; absent: it changes all. A batch norm asks for its running statistics. */
  isFrozen?(name: string): boolean;

  /**
   * Numbers that a network computes constants from, as a file has them; undefined if there are none of the name.
   *
   * @param count How many there must be.
   */
  numbers?(name: string, count: number): Float32Array | undefined;

  /** Takes over tensors that a network has computed from its frozen values: they are disposed of with those. */
  own?(...tensors: tf.Tensor[]): void;
}
