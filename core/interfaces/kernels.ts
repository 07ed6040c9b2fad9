/**
 * What an engine may offer beside tfjs's own kernels. An engine registers what it has under its backend's name, with
 * `tf.registerKernel`; whoever wants one asks with {@link hasKernel} and computes with plain tfjs operations if it is
 * not there. So an engine without any is complete, and each one that it adds makes something faster.
 *
 * Maps are `[batch, height, width, channels]`. Everything is float32 to tfjs, whatever a traced function's precision
 * makes of it inside. None has a gradient in tfjs's registry: whoever runs one brings the gradient, or runs it where
 * none is asked for.
 *
 * `checkEngine` of `@seed/core/conformance` compares each kernel that an engine registers with the operations that it
 * stands for.
 *
 * @module
 */
import { tf } from "../tf.ts";

/**
 * A body of element-wise operations, reductions and the like, compiled to pass over memory as rarely as can be.
 *
 * Inputs: the body's, named `0`, `1`, ..., of any shapes. Attributes: `{ body: FusedBody }`. Outputs: the body's, in its
 * order. A body is known by its identity: it may be compiled once for each combination of input shapes.
 *
 * Gradient: none; {@link fused}, which runs it, is used inside `tf.customGrad`.
 */
export const FUSED_KERNEL = "SeedFused";

/**
 * A matrix product, or one for each matrix of two stacks of equal height, in the precision of the traced function, as
 * convolutions are, also where {@link TraceOptions.training} keeps `tf.matMul` in fp32.
 *
 * Inputs: `a` `[n, k]` and `b` `[k, m]`, or `[stack, n, k]` and `[stack, k, m]`. Attributes: `{ transposeA: boolean,
 * transposeB: boolean }`: that factor comes with its last two axes the other way about. Output: `[n, m]` or
 * `[stack, n, m]`.
 *
 * Gradient: none; {@link product}, which runs it, is used inside `tf.customGrad`.
 */
export const PRODUCT_KERNEL = "SeedProduct";

/**
 * Batch norm by the batch's own statistics.
 *
 * Inputs: `x`, a map; `scale` and `offset` `[channels]`. Attributes: `{ epsilon: number }`, added to the variance.
 * Outputs, six: `y = (x - mean) / sqrt(variance + epsilon) * scale + offset`, where the variance is the biased one (a sum
 * divided by `batch * height * width`), a map; the mean `[channels]`; the *unbiased* variance `[channels]`, as running
 * statistics want it (of a single value a channel: 0); and three that only {@link BATCH_NORM_GRADIENT_KERNEL} is given,
 * of shapes that are the engine's own.
 *
 * Gradient: by {@link BATCH_NORM_GRADIENT_KERNEL}; register both or neither.
 */
export const BATCH_NORM_KERNEL = "SeedBatchNorm";

/**
 * Gradients of {@link BATCH_NORM_KERNEL}'s `y`.
 *
 * Inputs: `dy`, a map; `x` and `scale` as they went in; `reserve1`, `reserve2`, `reserve3`, its last three outputs.
 * Attributes: `{ epsilon: number }`, the same. Outputs, three: those by `x`, `scale` and `offset`.
 */
export const BATCH_NORM_GRADIENT_KERNEL = "SeedBatchNormGrad";

/**
 * A sum of a map and a bias, of convolutions with constant weights: an operation of its own, since graph optimisers look
 * for one to fuse with the convolution before it.
 *
 * Inputs: `x`, a map; `bias` `[channels]`. Attributes: none. Output: `x + bias`, a map.
 *
 * Gradient: none; only frozen networks run it.
 */
export const BIAS_ADD_KERNEL = "SeedBiasAdd";

/**
 * Batch norm by running statistics. The backend that records networks has it; an engine may.
 *
 * Inputs: `x`, a map or `[rows, channels]`; `scale`, `offset`, `runningMean`, `runningVariance` `[channels]`. Attributes:
 * `{ epsilon: number }`. Output: `(x - runningMean) / sqrt(runningVariance + epsilon) * scale + offset`, of `x`'s shape.
 *
 * Gradient: none; only networks that do not train run it.
 */
export const BATCH_NORM_INFERENCE_KERNEL = "SeedBatchNormInference";

/**
 * Layer norm as a single operation: for the backend that records networks. No engine registers it, for layers that
 * train would have no gradient; theirs are {@link FUSED_KERNEL}'s.
 *
 * Inputs: `x` `[rows, channels]`; `scale` and `offset` `[channels]`. Attributes: `{ epsilon: number }`. Output: of `x`'s
 * shape, each row normalised to mean 0 and variance 1, then scaled and shifted.
 */
export const LAYER_NORM_KERNEL = "SeedLayerNorm";

/**
 * Where a network's pixels are normalised: for the backend that records networks, since what is exported begins after
 * it. No engine registers it, for it is not told mean and deviation.
 *
 * Input: `x` `[batch, height, width, 3]` in 0..255. Attributes: none. Output: the same shape.
 */
export const NORMALIZE_KERNEL = "SeedNormalize";

/** A tfjs backend with what an engine declares of its kernels. */
export interface EngineBackend extends tf.KernelBackend {
  /**
   * True: the kernels `DepthwiseConv2dNative`, `DepthwiseConv2dNativeBackpropInput` and
   * `DepthwiseConv2dNativeBackpropFilter` understand explicit padding, `pad: [[0, 0], [top, bottom], [left, right],
   * [0, 0]]`, whatever the stride. Otherwise maps are padded by an operation of its own before them.
   */
  readonly explicitPadding?: boolean;
  /**
   * True: the kernels `Conv2D`, `Conv2DBackpropInput` and `Conv2DBackpropFilter` convolve in groups, with padding `same`
   * or `valid`, if they are given a filter `[height, width, inputs / groups, outputs]` for fewer inputs than the map has.
   * Otherwise such convolutions are put together from others.
   */
  readonly groupedConvolution?: boolean;
}

/** Whether the active backend has an optional kernel. */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/** Whether convolutions of the active backend may be given {@link EngineBackend.explicitPadding}. */
export function padsExplicitly(): boolean {
  return (tf.backend() as EngineBackend).explicitPadding ?? false;
}

/** Whether convolutions of the active backend may be given filters of {@link EngineBackend.groupedConvolution}. */
export function convolvesGroups(): boolean {
  return (tf.backend() as EngineBackend).groupedConvolution ?? false;
}
