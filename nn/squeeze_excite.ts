import { tf } from "@seed/core";
import { convWithBias, type Layer } from "./conv.ts";
import { silu } from "./activation.ts";
import type { ParameterSource } from "./parameters.ts";

/**
 * Squeeze-and-excitation (Hu et al., CVPR 2018): scales channels by a function of their means.
 *
 * @param options.reduced Channels of the bottleneck.
 */
export function squeezeExcite(
  source: ParameterSource,
  name: string,
  { channels, reduced }: { channels: number; reduced: number },
): Layer {
  const reduce = convWithBias(source, `${name}.conv_reduce`, {
    inputs: channels,
    outputs: reduced,
    kernel: 1,
  });
  const expand = convWithBias(source, `${name}.conv_expand`, {
    inputs: reduced,
    outputs: channels,
    kernel: 1,
  });
  return (x) => {
    const squeezed = tf.mean(x, [1, 2], true) as tf.Tensor4D;
    return tf.mul(x, tf.sigmoid(expand(silu(reduce(squeezed)))));
  };
}
