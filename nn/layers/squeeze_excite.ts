import { tf } from "@seed/core";
import type { Activation } from "./activation.ts";
import { convWithBias, type Layer } from "./conv.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

/** Shape of a squeeze-and-excitation, but for its input's channels. */
export interface ExciteOptions {
  /** Channels of the bottleneck. */
  reduced: number;
  /** In the bottleneck. */
  activation: Activation;
  /** Makes the factors of the channels. */
  gate: Activation;
}

/** Scales channels; has its parts for layers that compute the scaled maps together with what follows. */
export interface Excitation extends Layer {
  /** Two matrices, each before its bias. */
  readonly weights: readonly tf.Tensor[];
  /** Factors of channels by the means of their maps, both `[batch, channels]`. */
  factors(means: tf.Tensor2D, weights: readonly tf.Tensor[]): tf.Tensor2D;
  /** Gradients of means and weights by that of the factors. */
  gradients(
    dFactors: tf.Tensor2D,
    means: tf.Tensor2D,
    weights: readonly tf.Tensor[],
  ): { means: tf.Tensor2D; weights: tf.Tensor[] };
}

/** Squeeze-and-excitation (Hu et al., CVPR 2018): scales channels by a function of their means. */
export function squeezeExcite(
  source: ParameterSource,
  [reduce, expand]: readonly [reduce: string, expand: string],
  { channels, reduced, activation, gate }: ExciteOptions & { channels: number },
): Excitation {
  const first = convWithBias(source, reduce, { inputs: channels, outputs: reduced, kernel: 1 });
  const second = convWithBias(source, expand, { inputs: reduced, outputs: channels, kernel: 1 });
  const scale: Layer = (x) =>
    tf.mul(x, gate(second(activation(first(tf.mean(x, [1, 2], true) as tf.Tensor4D)))));
  // The same as matrix products: what is exported must stay convolutions, which other programs look for.
  const run = (means: tf.Tensor2D, [weight, bias, weight2, bias2]: readonly tf.Tensor[]) => {
    const reduced = tf.add(tf.matMul(means, matrix(weight)), bias), hidden = activation.body(reduced)[0];
    return { reduced, hidden, expanded: tf.add(tf.matMul(hidden as tf.Tensor2D, matrix(weight2)), bias2) };
  };
  return Object.assign(scale, {
    weights: [...first.weights, ...second.weights],
    factors: (means: tf.Tensor2D, weights: readonly tf.Tensor[]) =>
      gate.body(run(means, weights).expanded)[0] as tf.Tensor2D,
    gradients: (dFactors: tf.Tensor2D, means: tf.Tensor2D, weights: readonly tf.Tensor[]) => {
      const { reduced, hidden, expanded } = run(means, weights);
      const dExpanded = gate.gradient(dFactors, expanded)[0];
      const second = ofProduct(dExpanded, hidden, weights[2]);
      const first = ofProduct(activation.gradient(second.x, reduced)[0], means, weights[0]);
      return { means: first.x, weights: [...first.weights, ...second.weights] };
    },
  });
}

/** Gradients of `x weight + bias`. */
function ofProduct(dy: tf.Tensor, x: tf.Tensor, weight: tf.Tensor): { x: tf.Tensor2D; weights: tf.Tensor[] } {
  const dWeight = tf.matMul(x as tf.Tensor2D, dy as tf.Tensor2D, true, false);
  return {
    x: tf.matMul(dy as tf.Tensor2D, matrix(weight), false, true),
    weights: [tf.reshape(dWeight, weight.shape), tf.sum(dy, 0)],
  };
}

/** Of a convolution of single pixels. */
function matrix(weight: tf.Tensor): tf.Tensor2D {
  return tf.reshape(weight, [weight.shape[2]!, weight.shape[3]!]);
}
