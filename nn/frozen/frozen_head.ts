import { tf, type WeightsFile } from "@seed/core";
import { batchNormInference, type BatchNormParameters, batchNormParameters } from "../layers/batch_norm.ts";
import { linear, linearWithoutBias } from "../layers/linear.ts";
import { constant } from "../parameters/initializer.ts";
import type { ParameterSource } from "../parameters/parameters.ts";
import type { Layout } from "../layouts/layout.ts";
import { fileNames, isShape } from "../layouts/entries.ts";
import type { FrozenParameters } from "./frozen_parameters.ts";

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
 * `name.0`, `name.1`, ... An entry with a running mean is a batch norm, with a weight or (as SimSiam's last one) without;
 * one with a matrix alone is a linear layer, with a bias or without; numbers without an entry stand for a ReLU.
 *
 * It ends before a linear layer that does not go on from what is before it, which the source is told.
 *
 * @param layout Its `head` is not null.
 */
export function frozenHead(
  source: FrozenParameters,
  { tensors }: WeightsFile,
  layout: Layout,
  inputs: number,
): Head {
  const name = layout.head!, nameOf = fileNames(tensors, layout);
  const layers: HeadLayer[] = [];
  let width = inputs;
  /** @returns false if there is no going on. */
  const add = (entry: string): boolean => {
    const has = (part: string) => tensors.has(nameOf(`${entry}.${part}`));
    if (has("running_mean")) {
      layers.push(batchNorm(source, entry, width, has("weight")));
      return true;
    }
    const weight = nameOf(`${entry}.weight`), { shape } = tensors.get(weight)!;
    const outputs = Math.max(1, shape[0] ?? 1);
    // A width is believed where the file has as many values: one that stands beside a zero takes no bytes.
    if (!isShape(shape, [outputs, width])) {
      source.refuse(
        `"${weight}" has the shape [${shape}], expected [${outputs},${width}]`,
        nameOf(`${name}.`),
      );
      return false;
    }
    const make = has("bias") ? linear : linearWithoutBias;
    layers.push(make(source, entry, { inputs: width, outputs }));
    width = outputs;
    return true;
  };
  let goesOn = !tensors.has(nameOf(`${name}.weight`)) || add(name), next = 0;
  for (const number of numbersOf(nameOf(`${name}.`), tensors.keys())) {
    if (!goesOn) break;
    if (number > next) layers.push((x) => tf.relu(x));
    goesOn = add(`${name}.${number}`);
    next = number + 1;
  }
  return { dim: width, forward: (features) => layers.reduce((x, layer) => layer(x), features) };
}

/** Numbers of a `Sequential`'s entries that have values, in order. */
function numbersOf(start: string, names: Iterable<string>): number[] {
  const ending = /^(0|[1-9]\d{0,4})\.(weight|running_mean)$/; // others, such as 007, are nobody's names
  const numbers = Array.from(
    names,
    (name) => name.startsWith(start) && name.slice(start.length).match(ending),
  );
  return [...new Set(numbers.flatMap((match) => match ? [Number(match[1])] : []))].sort((a, b) => a - b);
}

function batchNorm(source: ParameterSource, name: string, channels: number, affine: boolean): HeadLayer {
  const parameters = affine
    ? batchNormParameters(source, name, channels)
    : statistics(source, name, channels);
  return (x) => batchNormInference(x, parameters, EPSILON);
}

/** PyTorch's `affine=False`: running statistics alone. */
function statistics(source: ParameterSource, name: string, channels: number): BatchNormParameters {
  const get = (part: string, start: number) =>
    source.get(`${name}.${part}`, "vector", [channels], constant(start), false) as tf.Tensor1D;
  const scale = tf.ones([channels]) as tf.Tensor1D, offset = tf.zeros([channels]) as tf.Tensor1D;
  source.own?.(scale, offset);
  return { scale, offset, runningMean: get("running_mean", 0), runningVariance: get("running_var", 1) };
}
