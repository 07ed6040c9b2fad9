import { tf } from "@seed/core";
import type { Attributes } from "./lowering.ts";

/** By height and width. */
export type Sides = readonly [number, number];

/** How a filter goes over maps `[batch, height, width, channels]`. */
export interface Geometry {
  readonly strides: Sides;
  readonly dilations: Sides;
  /** Before and after, in height and in width. */
  readonly padding: readonly [Sides, Sides];
  readonly depthwise: boolean;
  /** Groups of channels that are convolved apart: all of them if depthwise. */
  readonly groups: number;
}

/** @param filter Shape `[height, width, inputs / groups, outputs]`, or `[height, width, channels, multiplier]`. */
export function geometryOf(
  x: readonly number[],
  filter: readonly number[],
  { strides, pad, dilations = 1, dimRoundingMode, dataFormat = "NHWC" }: Attributes,
  depthwise: boolean,
): Geometry {
  if (dataFormat !== "NHWC") throw new Error(`a convolution of maps ${dataFormat}, expected NHWC`);
  const shapes = [x, filter].map((shape) => [...shape]) as [number, number, number, number][];
  const info = tf.backend_util.computeConv2DInfo(
    ...[shapes[0], shapes[1]] as const,
    ...[strides, dilations, pad, dimRoundingMode, depthwise] as const,
  );
  const { top, bottom, left, right } = info.padInfo;
  return {
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    padding: [[top, bottom], [left, right]],
    depthwise,
    groups: depthwise ? x[3] : x[3] / filter[2],
  };
}

/** How many pixels a filter reaches over, or a map with gaps between its pixels. */
export function reach(size: number, step: number): number {
  return (size - 1) * step + 1;
}

/** Padding of the gradient's map, spread by the strides, with which the turned filter gives each pixel of the input. */
export function paddingBack(
  dy: readonly number[],
  filter: readonly number[],
  input: readonly number[],
  { strides, dilations, padding }: Geometry,
): [[number, number], [number, number]] {
  const [height, width] = ([0, 1] as const).map((axis): [number, number] => {
    const window = reach(filter[axis], dilations[axis]), map = reach(dy[1 + axis], strides[axis]);
    const before = window - 1 - padding[axis][0];
    return [before, input[1 + axis] + window - 1 - map - before];
  });
  return [height, width];
}
