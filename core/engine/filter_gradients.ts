/**
 * Gradients of convolutions' weights for tfjs's `cpu` backend. Its own kernels read each value through a function of any
 * number of indices, and take most of a small network's step (seen in 4.22.0). Here the same products are added in the
 * same order, in doubles: the bits are the same.
 *
 * @module
 */
import { tf } from "../tf.ts";

/** What tfjs hands to the kernels. */
export interface FilterGradientAttributes {
  readonly strides: number | [number, number];
  readonly pad: "valid" | "same" | number | tf.backend_util.ExplicitPadding;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
  readonly filterShape: [number, number, number, number];
}

/** A tensor with channels last: batch, height, width, channels. */
export interface Maps {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/**
 * @param x What was convolved.
 * @param dy The loss's gradient with respect to what came out.
 * @param depthwise Whether each channel has filters of its own.
 * @returns the gradient, shaped as the filters: height, width, channels in, channels out (of each, if depthwise).
 */
export function filterGradient(
  x: Maps,
  dy: Maps,
  { strides, pad, dimRoundingMode, filterShape }: FilterGradientAttributes,
  depthwise: boolean,
): Float32Array {
  const shape = x.shape as [number, number, number, number];
  const { inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, batchSize, ...conv } = tf
    .backend_util
    .computeConv2DInfo(shape, filterShape, strides, 1, pad, dimRoundingMode, depthwise);
  const { strideHeight, strideWidth, filterHeight, filterWidth, padInfo } = conv;
  const each = depthwise ? outChannels / inChannels : outChannels; // filters of one input channel
  const sums = new Float64Array(filterHeight * filterWidth * inChannels * each),
    inputs = x.values,
    outputs = dy.values;
  // A weight's products are added image by image, row by row: the order of the innermost three of tfjs's loops.
  for (let b = 0; b < batchSize; b++) {
    for (let row = 0; row < outHeight; row++) {
      for (let column = 0; column < outWidth; column++) {
        const out = ((b * outHeight + row) * outWidth + column) * outChannels;
        for (let fr = 0; fr < filterHeight; fr++) {
          const inRow = row * strideHeight + fr - padInfo.top;
          if (inRow < 0 || inRow >= inHeight) continue;
          for (let fc = 0; fc < filterWidth; fc++) {
            const inColumn = column * strideWidth + fc - padInfo.left;
            if (inColumn < 0 || inColumn >= inWidth) continue;
            const from = ((b * inHeight + inRow) * inWidth + inColumn) * inChannels;
            let at = (fr * filterWidth + fc) * inChannels * each;
            for (let c = 0; c < inChannels; c++) {
              const value = inputs[from + c], first = depthwise ? out + c * each : out;
              for (let k = 0; k < each; k++) sums[at++] += value * outputs[first + k];
            }
          }
        }
      }
    }
  }
  return Float32Array.from(sums);
}
