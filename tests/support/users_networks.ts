import { tf } from "@seed/core";
import { IMAGENET, normalize } from "../../nn/backbones/normalize.ts";
import { batchNormInference } from "../../nn/layers/batch_norm.ts";
import type { Forward } from "./small_network.ts";

/** Networks as users write them: sizes left open, axes counted from the end, a value for all channels. */
export const USERS_NETWORKS: [what: string, forward: Forward][] = [
  ["a shape with an open side", (x) => tf.reshape(normalize(x, IMAGENET), [x.shape[0], -1])],
  ["axes from the end", (x) => {
    const vectors = tf.mean(normalize(x, IMAGENET), [1, 2]);
    const both = tf.concat([vectors, tf.relu(vectors)], -1);
    return tf.mul(tf.expandDims(both, -1), tf.tensor([[1, 2]])).reshape([-1, 12]);
  }],
  ["a sum with truth", (x) => {
    const vectors = tf.mean(normalize(x, IMAGENET), [1, 2]);
    return tf.mul(vectors, tf.greater(vectors, 0));
  }],
  ["one value for all channels", (x) => {
    const product = tf.matMul(tf.mean(normalize(x, IMAGENET), [1, 2]) as tf.Tensor2D, tf.ones([3, 4]));
    const four = (value: number) => tf.tensor1d([value, value, value, value]);
    const norm = { scale: four(2), offset: four(0.5), runningMean: four(0.1), runningVariance: four(3) };
    return batchNormInference(tf.add(product, tf.tensor1d([5])), norm, 1e-5);
  }],
  ["batch norm of tokens", (x) => {
    const three = (...values: number[]) => tf.tensor1d(values);
    const norm = {
      scale: three(1, 2, 3),
      offset: three(0.1, 0.2, 0.3),
      runningMean: three(0.3, 0, 1),
      runningVariance: three(1, 4, 9),
    };
    return batchNormInference(tf.reshape(normalize(x, IMAGENET), [-1, 256, 3]), norm, 1e-5);
  }],
];
