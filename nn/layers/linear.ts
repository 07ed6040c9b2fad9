import { tf } from "@seed/core";
import { batchNormInference, batchNormParameters, batchNormTraining, isFrozenNorm } from "./batch_norm.ts";
import type { Mode } from "./conv_norm.ts";
import { constant, type Initializer, uniformFanIn } from "../parameters/initializer.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

/** Shape of a linear layer, and how it starts. */
export interface LinearOptions {
  inputs: number;
  outputs: number;
  /** Of the weight, the bias being 0 then; default: both as PyTorch's `Linear`. */
  init?: Initializer;
}

/** `x W + b`, `name.weight` and `name.bias`. */
export function linear(
  source: ParameterSource,
  name: string,
  { inputs, outputs, init }: LinearOptions,
): (x: tf.Tensor2D) => tf.Tensor2D {
  const usual = uniformFanIn(inputs);
  const weight = source.get(`${name}.weight`, "linear", [inputs, outputs], init ?? usual) as tf.Tensor2D;
  const bias = source.get(`${name}.bias`, "vector", [outputs], init ? constant(0) : usual);
  return (x) => tf.add(tf.matMul(x, weight), bias) as tf.Tensor2D;
}

/** `x W`, `name.weight`. */
export function linearWithoutBias(
  source: ParameterSource,
  name: string,
  { inputs, outputs }: { inputs: number; outputs: number },
): (x: tf.Tensor2D) => tf.Tensor2D {
  const weight = source.get(
    `${name}.weight`,
    "linear",
    [inputs, outputs],
    uniformFanIn(inputs),
  ) as tf.Tensor2D;
  return (x) => tf.matMul(x, weight) as tf.Tensor2D;
}

/** What a projection head is made of. */
export interface HeadOptions {
  inputs: number;
  /** Widths between the linear layers; none: one linear layer, no activation. */
  hidden: readonly number[];
  /** What stands before each ReLU; default `none`. */
  norm?: "none" | "batch";
  /** Width of a projection that a prediction head with the same hidden widths goes on from; default: there is none. */
  projection?: number | null;
  dim: number;
}

/**
 * Linear layers with ReLUs between them, numbered as in a PyTorch `Sequential`: `name.0`, `name.2`, ... (SEED's and
 * MoCo-v2's head), or with batch norms `name.0`, `name.1`, `name.3`, `name.4`, ... (SimCLR's). A prediction head
 * follows without a ReLU: `name.0`, `name.1`, `name.3`, `name.4`, `name.5`, `name.7` (SimReg's).
 *
 * @returns a function of `[batch, inputs]` to `[batch, dim]`, not normalised, for the mode that it is given.
 *
 * @example SEED's head: two linear layers
 * ```ts
 * import { tf } from "@seed/core";
 * import { projectionHead, TrainableParameters } from "@seed/nn";
 * import assert from "node:assert/strict";
 *
 * await tf.setBackend("cpu");
 * using source = new TrainableParameters(0);
 * const head = projectionHead(source, "head", { inputs: 32, hidden: [64], dim: 16 });
 * assert.deepEqual(head(tf.zeros([4, 32]), { training: true }).shape, [4, 16]);
 * const names = source.parameters.map(({ name }) => name);
 * assert.deepEqual(names, ["head.0.weight", "head.0.bias", "head.2.weight", "head.2.bias"]);
 * ```
 */
export function projectionHead(
  source: ParameterSource,
  name: string,
  { inputs, hidden, norm = "none", projection, dim }: HeadOptions,
): (x: tf.Tensor2D, mode: Mode) => tf.Tensor2D {
  const layers: ((x: tf.Tensor2D, mode: Mode) => tf.Tensor2D)[] = [];
  let number = 0, width = inputs;
  const addLinear = (outputs: number) => {
    layers.push(linear(source, `${name}.${number++}`, { inputs: width, outputs }));
    width = outputs;
  };
  for (const end of projection ? [projection, dim] : [dim]) {
    for (const outputs of hidden) {
      addLinear(outputs);
      if (norm === "batch") layers.push(batchNorm(source, `${name}.${number++}`, outputs));
      layers.push((x) => tf.relu(x));
      number++;
    }
    addLinear(end);
  }
  return (x, mode) => layers.reduce((x, layer) => layer(x, mode), x);
}

/** Of rows, in PyTorch's default conventions. */
function batchNorm(source: ParameterSource, name: string, channels: number) {
  const parameters = batchNormParameters(source, name, channels), isFrozen = isFrozenNorm(source, name);
  return (x: tf.Tensor2D, { training }: Mode): tf.Tensor2D => {
    if (!training || isFrozen) return batchNormInference(x, parameters, 1e-5);
    const maps = tf.reshape(x, [-1, 1, 1, channels]) as tf.Tensor4D;
    return tf.reshape(batchNormTraining(maps, parameters, { channels }), [-1, channels]);
  };
}
