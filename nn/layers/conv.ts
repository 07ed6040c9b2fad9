import { padsExplicitly, tf } from "@seed/core";
import type { Initializer } from "../parameters/initializer.ts";
import { groupedConv2d } from "./grouped_conv.ts";
import { kaimingFanOut } from "../parameters/initializer.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

/** A layer: a function of a batch of feature maps, `[batch, height, width, channels]`. */
export type Layer = (x: tf.Tensor4D) => tf.Tensor4D;

/**
 * How a convolution pads. `symmetric`: PyTorch's, `kernel >> 1` on each side. `same`: TensorFlow's, which depends
 * on the input's size when the stride is not 1 and puts the odd pixel to the right and below. In numbers: so many
 * pixels to the left and above, and so many to the right and below.
 */
export type Padding = "symmetric" | "same" | readonly [before: number, after: number];

/** Shape of a convolution. */
export interface ConvOptions {
  inputs: number;
  /** Equals `inputs` if `depthwise`. */
  outputs: number;
  /** Side of the square, odd; at least 3 if `depthwise`. */
  kernel: number;
  stride?: number;
  depthwise?: boolean;
  /** Into how many groups of channels the convolution falls, each with filters of its own; default 1. */
  groups?: number;
  padding?: Padding;
  /** A bias follows, which engines fuse with it. */
  biased?: boolean;
  init?: Initializer;
}

/**
 * The convolution's weight: `[kernel, kernel, inputs / groups, outputs]`, or `[kernel, kernel, channels, 1]` if depthwise.
 *
 * @throws {RangeError} If a depthwise kernel is a single pixel: that is a product, and TensorFlow 2.21 with oneDNN
 *   computes its filter's gradient wrongly now and then where the stride is 2.
 */
export function convWeight(source: ParameterSource, name: string, options: ConvOptions): tf.Tensor4D {
  const { inputs, outputs, kernel, depthwise = false, groups = 1 } = options;
  if (depthwise && kernel < 3) {
    throw new RangeError(
      `The depthwise kernel of "${name}" is ${kernel}, expected at least 3; multiply by the channels' factors instead`,
    );
  }
  const init = options.init ?? kaimingFanOut(kernel * kernel * (depthwise ? 1 : outputs / groups));
  const shape = depthwise ? [kernel, kernel, inputs, 1] : [kernel, kernel, inputs / groups, outputs];
  return source.get(`${name}.weight`, depthwise ? "depthwise" : "conv", shape, init) as tf.Tensor4D;
}

/** Convolves, as PyTorch's `conv2d` without bias would. */
export function convolve(x: tf.Tensor4D, weight: tf.Tensor4D, options: ConvOptions): tf.Tensor4D {
  const { kernel, stride = 1, depthwise = false, groups = 1, padding = "symmetric", biased = false } =
    options;
  const whole = depthwise ? tf.depthwiseConv2d : tf.conv2d, run = groups > 1 ? groupedConv2d : whole;
  const side = kernel >> 1, [before, after] = typeof padding === "string" ? [side, side] : padding;
  // With stride 1 and an odd kernel the two are the same, and engines like the one with a name better.
  if (padding === "same" || (stride === 1 && before === side && after === side)) {
    return run(x, weight, stride, "same") as tf.Tensor4D;
  }
  if (before === 0 && after === 0) return run(x, weight, stride, "valid") as tf.Tensor4D;
  const sides: [number, number][] = [[0, 0], [before, after], [before, after], [0, 0]];
  // TensorFlow 2.21 forgets explicit padding where oneDNN fuses a bias with a depthwise convolution, and aborts. Of
  // other convolutions it keeps the gradients from oneDNN, which costs more than a padded copy; biased ones are frozen.
  if (padsExplicitly() && depthwise !== biased && groups === 1) {
    return whole(x, weight, stride, sides as Parameters<typeof whole>[3]) as tf.Tensor4D;
  }
  const padded = tf.pad(x, sides) as tf.Tensor4D;
  return run(padded, weight, stride, "valid") as tf.Tensor4D;
}

/** A convolution with a bias, `name.weight` and `name.bias`, which are its `weights`. */
export function convWithBias(
  source: ParameterSource,
  name: string,
  options: ConvOptions,
): Layer & { readonly weights: readonly tf.Tensor[] } {
  const weight = convWeight(source, name, options);
  const bias = source.get(`${name}.bias`, "vector", [options.outputs], () => 0);
  const layer: Layer = (x) => tf.add(convolve(x, weight, options), bias) as tf.Tensor4D;
  return Object.assign(layer, { weights: [weight, bias] });
}
