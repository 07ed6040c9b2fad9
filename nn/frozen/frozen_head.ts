import { tf, type WeightsFile } from "@seed/core";
import { batchNormInference, batchNormParameters } from "../layers/batch_norm.ts";
import { linear } from "../layers/linear.ts";
import type { ParameterSource } from "../parameters/parameters.ts";
import type { Layout } from "../layouts/layout.ts";

/** A projection head. */
export interface Head {
  /** Width of its output. */
  readonly dim: number;
  /** `[batch, featureDim]` to `[batch, dim]`. */
  forward(features: tf.Tensor2D): tf.Tensor2D;
}

type HeadLayer = (x: tf.Tensor2D) => tf.Tensor2D;

/** PyTorch's default. */
const EPSILON = 1e-5;

/**
 * The projection head that a file holds, as wide as it is there: a linear layer `name`, or a PyTorch `Sequential` of
 * `name.0`, `name.1`, ... A weight that is a matrix is a linear layer's, one that is a vector a batch norm's; numbers
 * without a weight stand for a ReLU.
 *
 * @param layout Its `head` is not null.
 */
export function frozenHead(
  source: ParameterSource,
  { tensors }: WeightsFile,
  layout: Layout,
  inputs: number,
): Head {
  const name = layout.head!, weightOf = (entry: string) => tensors.get(`${layout.prefix}${entry}.weight`);
  const layers: HeadLayer[] = [];
  let width = inputs;
  const add = (entry: string, shape: readonly number[]) => {
    if (shape.length === 1) return layers.push(batchNorm(source, entry, width));
    layers.push(linear(source, entry, { inputs: width, outputs: shape[0] }));
    width = shape[0];
  };
  const single = weightOf(name);
  if (single) add(name, single.shape);
  let next = 0;
  for (const number of numbersOf(`${layout.prefix}${name}.`, tensors.keys())) {
    if (number > next) layers.push((x) => tf.relu(x));
    add(`${name}.${number}`, weightOf(`${name}.${number}`)!.shape);
    next = number + 1;
  }
  return { dim: width, forward: (features) => layers.reduce((x, layer) => layer(x), features) };
}

/** Numbers of a `Sequential`'s entries that have weights, in order. */
function numbersOf(start: string, names: Iterable<string>): number[] {
  const ending = /^(\d+)\.weight$/;
  const numbers = Array.from(
    names,
    (name) => name.startsWith(start) && name.slice(start.length).match(ending),
  );
  return numbers.flatMap((match) => match ? [Number(match[1])] : []).sort((a, b) => a - b);
}

function batchNorm(source: ParameterSource, name: string, channels: number): HeadLayer {
  const parameters = batchNormParameters(source, name, channels);
  return (x) => batchNormInference(x, parameters, EPSILON);
}
