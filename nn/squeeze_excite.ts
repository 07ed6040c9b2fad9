import { tf } from "@seed/core";
import type { Activation } from "./activation.ts";
import { convWithBias, type Layer } from "./conv.ts";
import type { ParameterSource } from "./parameters.ts";

/** Shape of a squeeze-and-excitation, but for its input's channels. */
export interface ExciteOptions {
  /** Channels of the bottleneck. */
  reduced: number;
  /** In the bottleneck. */
  activation: Activation;
  /** Makes the factors of the channels. */
  gate: Activation;
}

/** Squeeze-and-excitation (Hu et al., CVPR 2018): scales channels by a function of their means. */
export function squeezeExcite(
  source: ParameterSource,
  [reduce, expand]: readonly [reduce: string, expand: string],
  { channels, reduced, activation, gate }: ExciteOptions & { channels: number },
): Layer {
  const squeeze = convWithBias(source, reduce, { inputs: channels, outputs: reduced, kernel: 1 });
  const excite = convWithBias(source, expand, { inputs: reduced, outputs: channels, kernel: 1 });
  return (x) => {
    const means = tf.mean(x, [1, 2], true) as tf.Tensor4D;
    return tf.mul(x, gate(excite(activation(squeeze(means)))));
  };
}
