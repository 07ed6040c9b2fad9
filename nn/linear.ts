import { tf } from "@seed/core";
import { uniformFanIn } from "./initializer.ts";
import type { ParameterSource } from "./parameters.ts";

/** `x W + b`, `name.weight` and `name.bias`, started as PyTorch's `Linear`. */
export function linear(
  source: ParameterSource,
  name: string,
  { inputs, outputs }: { inputs: number; outputs: number },
): (x: tf.Tensor2D) => tf.Tensor2D {
  const init = uniformFanIn(inputs);
  const weight = source.get(`${name}.weight`, "linear", [inputs, outputs], init) as tf.Tensor2D;
  const bias = source.get(`${name}.bias`, "vector", [outputs], init);
  return (x) => tf.add(tf.matMul(x, weight), bias) as tf.Tensor2D;
}

/** A projection head; `hidden` null: one linear layer, no activation. */
export interface HeadOptions {
  inputs: number;
  hidden: number | null;
  dim: number;
}

/**
 * Linear, ReLU, linear, without batch norm (SEED's and MoCo-v2's head), numbered as in a PyTorch `Sequential`:
 * `name.0`, `name.2`.
 */
export function projectionHead(
  source: ParameterSource,
  name: string,
  { inputs, hidden, dim }: HeadOptions,
): (x: tf.Tensor2D) => tf.Tensor2D {
  if (hidden === null) return linear(source, `${name}.0`, { inputs, outputs: dim });
  const first = linear(source, `${name}.0`, { inputs, outputs: hidden });
  const second = linear(source, `${name}.2`, { inputs: hidden, outputs: dim });
  return (x) => second(tf.relu(first(x)));
}
