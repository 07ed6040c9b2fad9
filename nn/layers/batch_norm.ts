import {
  BATCH_NORM_GRADIENT_KERNEL,
  BATCH_NORM_INFERENCE_KERNEL,
  BATCH_NORM_KERNEL,
  hasKernel,
  RunError,
  tf,
} from "@seed/core";
import { constant } from "../parameters/initializer.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

/** PyTorch's conventions: `momentum` is the share of the new statistics. */
export interface BatchNormOptions {
  channels: number;
  /** Default 1e-5. */
  epsilon?: number;
  /** Default 0.1. */
  momentum?: number;
}

/** The four vectors of a batch norm, `[channels]` each. */
export interface BatchNormParameters {
  scale: tf.Tensor1D;
  offset: tf.Tensor1D;
  runningMean: tf.Tensor1D;
  runningVariance: tf.Tensor1D;
}

/** Names as PyTorch's: `weight`, `bias`, `running_mean`, `running_var`. */
export function batchNormParameters(
  source: ParameterSource,
  name: string,
  channels: number,
): BatchNormParameters {
  const get = (part: string, start: number, trainable: boolean) =>
    source.get(`${name}.${part}`, "vector", [channels], constant(start), trainable) as tf.Tensor1D;
  return {
    scale: get("weight", 1, true),
    offset: get("bias", 0, true),
    runningMean: get("running_mean", 0, false),
    runningVariance: get("running_var", 1, false),
  };
}

/** Whether a batch norm goes by its running statistics in training too: `train.freeze` names them. */
export function isFrozenNorm(source: ParameterSource, name: string): boolean {
  return source.isFrozen?.(`${name}.running_mean`) ?? false;
}

/** Normalises by the running statistics: one operation on a backend that has it, as the one that records has. */
export function batchNormInference<T extends tf.Tensor>(x: T, p: BatchNormParameters, epsilon: number): T {
  if (hasKernel(BATCH_NORM_INFERENCE_KERNEL)) {
    return tf.engine().runKernel(BATCH_NORM_INFERENCE_KERNEL, { x, ...p }, { epsilon }) as T;
  }
  return tf.tidy(() => {
    const factor = tf.mul(p.scale, tf.rsqrt(tf.add(p.runningVariance, epsilon)));
    return tf.add(tf.mul(x, factor), tf.sub(p.offset, tf.mul(p.runningMean, factor))) as T;
  });
}

/**
 * Normalises by the batch's statistics and moves the running ones, whose variance is the unbiased one.
 *
 * @throws {RunError} If a channel has a single value, of which nothing would be left, as PyTorch refuses it.
 */
export function batchNormTraining(
  x: tf.Tensor4D,
  p: BatchNormParameters,
  options: BatchNormOptions,
): tf.Tensor4D {
  const { channels, epsilon = 1e-5, momentum = 0.1 } = options;
  if (x.size < 2 * channels) {
    throw new RunError(
      "A batch norm in training sees one value per channel, expected at least two: lower train.accumulate or " +
        "train.bn_splits, or raise batch_size",
    );
  }
  const fused = hasKernel(BATCH_NORM_KERNEL) ? fusedBatchNorm : composedBatchNorm;
  return fused(x, p, epsilon, (mean, variance) => moveStatistics(p, mean, variance, momentum));
}

/** Is told the batch's statistics, which do not outlive the call. */
type OnStatistics = (mean: tf.Tensor, unbiasedVariance: tf.Tensor) => void;

/** On an engine with kernels for it: one pass over memory each way. */
function fusedBatchNorm(
  x: tf.Tensor4D,
  p: BatchNormParameters,
  epsilon: number,
  onStatistics: OnStatistics,
): tf.Tensor4D {
  const run = tf.customGrad((...args) => {
    const [x, scale, offset, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const outputs = tf.engine().runKernel(BATCH_NORM_KERNEL, { x, scale, offset }, {
      epsilon,
    }) as tf.Tensor[];
    const [y, mean, unbiasedVariance, reserve1, reserve2, reserve3] = outputs;
    onStatistics(mean, unbiasedVariance);
    save([x, scale, reserve1, reserve2, reserve3]);
    return { value: y, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => fusedGradient(dy, saved, epsilon) };
  });
  return run(x, p.scale, p.offset) as tf.Tensor4D;
}

function fusedGradient(dy: tf.Tensor, saved: tf.Tensor[], epsilon: number): tf.Tensor[] {
  const [x, scale, reserve1, reserve2, reserve3] = saved;
  const inputs = { dy, x, scale, reserve1, reserve2, reserve3 };
  return tf.engine().runKernel(BATCH_NORM_GRADIENT_KERNEL, inputs, { epsilon }) as tf.Tensor[];
}

/** From elementary operations, for backends without the kernels. */
function composedBatchNorm(
  x: tf.Tensor4D,
  p: BatchNormParameters,
  epsilon: number,
  onStatistics: OnStatistics,
): tf.Tensor4D {
  const count = x.size / x.shape[3];
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  onStatistics(mean, tf.mul(variance, count / Math.max(1, count - 1)));
  const factor = tf.mul(p.scale, tf.rsqrt(tf.add(variance, epsilon)));
  return tf.add(tf.mul(tf.sub(x, mean), factor), p.offset) as tf.Tensor4D;
}

/** Moves the running statistics by the batch's; the variance is the unbiased one. */
export function moveStatistics(
  { runningMean, runningVariance }: BatchNormParameters,
  mean: tf.Tensor,
  unbiasedVariance: tf.Tensor,
  momentum: number,
): void {
  move(runningMean, mean, momentum);
  move(runningVariance, unbiasedVariance, momentum);
}

function move(running: tf.Tensor1D, batch: tf.Tensor, momentum: number): void {
  tf.tidy(() =>
    (running as tf.Variable).assign(tf.add(tf.mul(running, 1 - momentum), tf.mul(batch, momentum)))
  );
}
