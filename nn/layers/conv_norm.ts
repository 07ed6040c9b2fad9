import { BIAS_ADD_KERNEL, FUSED_KERNEL, hasKernel, tf } from "@seed/core";
import { type Activation, identity } from "./activation.ts";
import { batchNormInference, batchNormParameters, batchNormTraining, isFrozenNorm } from "./batch_norm.ts";
import { convolve, type ConvOptions, convWeight } from "./conv.ts";
import { excitedProjection } from "./excited_projection.ts";
import { expandedNorm, expandsFaster } from "./expanded_norm.ts";
import type { ParameterSource } from "../parameters/parameters.ts";
import type { Excitation } from "./squeeze_excite.ts";

/** How a network runs: with the batch's statistics, which move the running ones, or with the running ones. */
export interface Mode {
  readonly training: boolean;
  /** `[batch, numbers]` in 0..1, what a network that drops paths goes by in training. */
  readonly noise?: tf.Tensor2D;
}

/** A layer that runs differently in training. */
export type ModalLayer = (x: tf.Tensor4D, mode: Mode) => tf.Tensor4D;

/** What the input of a convolution of single pixels goes through first; one computation with it in training. */
export interface Excited {
  activation: Activation;
  excite: Excitation;
}

/** A convolution, its batch norm, and an activation. */
export interface ConvNormOptions extends ConvOptions {
  /** Names of the two in the state dict, for example `["conv1", "bn1"]`. */
  names: readonly [conv: string, norm: string];
  activation?: Activation;
  /** The input is activated and its channels scaled first. */
  excited?: Excited;
  /** A convolution of single pixels to many more channels: see {@link expandedNorm}. */
  expands?: boolean;
  /** Of batch norm, PyTorch's conventions; default 1e-5 and 0.1. */
  epsilon?: number;
  momentum?: number;
}

/**
 * Convolution, batch norm, activation. From a frozen source, batch norm becomes part of the weight and a bias,
 * which an engine fuses with the convolution.
 *
 * @returns a layer from `[batch, height, width, inputs]` to `[batch, height / stride, width / stride, outputs]`, for
 *   the mode that it is given.
 *
 * @example
 * ```ts
 * import { tf } from "@seed/core";
 * import { convNorm, relu, TrainableParameters } from "@seed/nn";
 * import assert from "node:assert/strict";
 *
 * await tf.setBackend("cpu");
 * using source = new TrainableParameters(0);
 * const stem = convNorm(source, {
 *   names: ["conv1", "bn1"], // in the state dict: conv1.weight, bn1.weight, bn1.bias, bn1.running_mean, ...
 *   ...{ inputs: 3, outputs: 8, kernel: 3, stride: 2, activation: relu },
 * });
 * const maps = stem(tf.randomNormal([4, 32, 32, 3]), { training: true }); // moves the running statistics
 * assert.deepEqual(maps.shape, [4, 16, 16, 8]);
 * assert.deepEqual(source.parameters.map(({ name }) => name).slice(0, 2), ["conv1.weight", "bn1.weight"]);
 * ```
 */
export function convNorm(source: ParameterSource, options: ConvNormOptions): ModalLayer {
  const { names, activation = identity, epsilon = 1e-5, momentum = 0.1, outputs, excited } = options;
  const before = (x: tf.Tensor4D) => excited ? excited.excite(excited.activation(x)) : x;
  const weight = convWeight(source, names[0], options);
  const norm = batchNormParameters(source, names[1], outputs);
  if (source.frozen) {
    const [folded, bias] = tf.tidy(() => {
      const factor = tf.mul(norm.scale, tf.rsqrt(tf.add(norm.runningVariance, epsilon)));
      return [
        tf.mul(weight, options.depthwise ? tf.expandDims(factor, 1) : factor) as tf.Tensor4D,
        tf.sub(norm.offset, tf.mul(norm.runningMean, factor)) as tf.Tensor1D,
      ] as [tf.Tensor4D, tf.Tensor1D];
    });
    source.own?.(folded, bias);
    tf.dispose([weight, ...Object.values(norm)]); // or a large network is in memory twice
    const biased = { ...options, biased: true };
    return (x) => activation(addBias(convolve(before(x), folded, biased), bias));
  }
  const ofBatch = { channels: outputs, epsilon, momentum }, isFrozen = isFrozenNorm(source, names[1]);
  return (x, { training }) => {
    if (!training || isFrozen) {
      return activation(batchNormInference(convolve(before(x), weight, options), norm, epsilon));
    }
    // A compiler that fuses by itself (XLA) gets the layers as they are, and so do plain backends.
    const byHand = hasKernel(FUSED_KERNEL);
    if (byHand && options.expands && expandsFaster(x)) {
      return expandedNorm(x, weight, norm, { ...ofBatch, activation });
    }
    const y = byHand && excited
      ? excitedProjection(x, excited.activation, excited.excite, weight)
      : convolve(before(x), weight, options);
    return activation(batchNormTraining(y, norm, ofBatch));
  };
}

/** As one operation where the engine has it: its graph optimiser looks for that one to fuse. */
export function addBias(x: tf.Tensor4D, bias: tf.Tensor1D): tf.Tensor4D {
  if (!hasKernel(BIAS_ADD_KERNEL)) return tf.add(x, bias) as tf.Tensor4D;
  return tf.engine().runKernel(BIAS_ADD_KERNEL, { x, bias }) as tf.Tensor4D;
}
