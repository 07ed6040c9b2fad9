/**
 * Convolutions and their gradients, as JAX writes them: XLA's compilers for graphics cards look for these patterns.
 *
 * @module
 */
import { type Geometry, geometryOf, paddingBack, reach, type Sides } from "./convolution_geometry.ts";
import { depthwiseTaps, depthwiseTapsBackFilter, depthwiseTapsBackInput } from "./depthwise.ts";
import type { Lowering, LoweringOptions, Lowerings } from "./lowering.ts";
import type { ModuleBuilder } from "./module_builder.ts";
import type { Value } from "./value.ts";

interface Convolution {
  /** Axes of input, filter and result. */
  axes?: string;
  strides?: Sides;
  padding: readonly [Sides, Sides];
  spreadInput?: Sides;
  spreadFilter?: Sides;
  featureGroups?: number;
  batchGroups?: number;
  shape: readonly number[];
}

function write(b: ModuleBuilder, x: Value, filter: Value, options: Convolution): Value {
  const { axes = "[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]", strides = [1, 1], padding, shape } = options;
  const { spreadInput = [1, 1], spreadFilter = [1, 1], featureGroups = 1, batchGroups = 1 } = options;
  const window = `stride = [${strides}], pad = [${padding.map((sides) => `[${sides}]`)}], ` +
    `lhs_dilate = [${spreadInput}], rhs_dilate = [${spreadFilter}], reverse = [false, false]`;
  const groups = `batch_group_count = ${batchGroups} : i64, feature_group_count = ${featureGroups} : i64`;
  return b.op(
    `stablehlo.convolution(${x.name}, ${filter.name}) dim_numbers = ${axes}, window = {${window}} {${groups}}`,
    [x, filter],
    shape,
    x.type,
  );
}

function convolve(b: ModuleBuilder, x: Value, filter: Value, at: Geometry): Value {
  const { strides, dilations, padding, depthwise, groups } = at, [height, width, inputs, last] = filter.shape;
  const outputs = depthwise ? inputs * last : last;
  const side = (axis: 0 | 1) => {
    const room = x.shape[1 + axis] + padding[axis][0] + padding[axis][1];
    return Math.floor((room - reach(filter.shape[axis], dilations[axis])) / strides[axis]) + 1;
  };
  return write(b, x, depthwise ? b.reshape(filter, [height, width, 1, outputs]) : filter, {
    ...{ strides, padding, spreadFilter: dilations, featureGroups: groups },
    shape: [x.shape[0], side(0), side(1), outputs],
  });
}

function convolveBackInput(
  b: ModuleBuilder,
  dy: Value,
  filter: Value,
  shape: readonly number[],
  at: Geometry,
): Value {
  const { groups: featureGroups, depthwise } = at, turned = b.reverse(filter, [0, 1]);
  return write(b, dy, depthwise ? turned : groupsOfInputs(b, turned, featureGroups), {
    axes: "[b, 0, 1, f]x[0, 1, o, i]->[b, 0, 1, f]",
    padding: paddingBack(dy.shape, filter.shape, shape, at),
    ...{ spreadInput: at.strides, spreadFilter: at.dilations, featureGroups, shape },
  });
}

/** A filter whose groups stand along its outputs, with them along its inputs: what its gradient gives are those. */
function groupsOfInputs(b: ModuleBuilder, filter: Value, groups: number): Value {
  if (groups === 1) return filter;
  const [height, width, inputs, outputs] = filter.shape, each = outputs / groups;
  const apart = b.reshape(filter, [height, width, inputs, groups, each]);
  return b.reshape(b.transpose(apart, [0, 1, 3, 2, 4]), [height, width, groups * inputs, each]);
}

function convolveBackFilter(
  b: ModuleBuilder,
  x: Value,
  dy: Value,
  shape: readonly number[],
  { strides, dilations, padding: forward, depthwise, groups }: Geometry,
): Value {
  const [height, width, inputs, last] = shape;
  const sides = (axis: 0 | 1): Sides => {
    const window = reach(shape[axis], dilations[axis]), map = reach(dy.shape[1 + axis], strides[axis]);
    const [before] = forward[axis];
    return [before, map + window - 1 - x.shape[1 + axis] - before];
  };
  const gradient = write(b, x, dy, {
    axes: "[f, 0, 1, b]x[i, 0, 1, o]->[0, 1, b, f]",
    padding: [sides(0), sides(1)],
    ...{ strides: dilations, spreadFilter: strides, batchGroups: groups },
    shape: depthwise ? [height, width, 1, inputs * last] : shape,
  });
  return b.reshape(gradient, shape);
}

/** Taps are for filters that give one result a channel. */
function byTaps(at: Geometry, filter: readonly number[], { depthwise }: LoweringOptions): boolean {
  return at.depthwise && depthwise === "taps" && filter[3] === 1 && at.dilations.every((d) => d === 1);
}

const forward = (depthwise: boolean): Lowering => (b, { x, filter }, attributes, options) => {
  const at = geometryOf(x.shape, filter.shape, attributes, depthwise);
  return (byTaps(at, filter.shape, options) ? depthwiseTaps : convolve)(b, x, filter, at);
};

const backInput = (depthwise: boolean): Lowering => (b, { dy, filter }, attributes, options) => {
  const { inputShape } = attributes, at = geometryOf(inputShape, filter.shape, attributes, depthwise);
  const back = byTaps(at, filter.shape, options) ? depthwiseTapsBackInput : convolveBackInput;
  return back(b, dy, filter, inputShape, at);
};

/** Gradients of a filter that several passes use are added up: in f32, whatever each was computed in. */
const backFilter = (depthwise: boolean): Lowering => (b, { x, dy }, attributes, options) => {
  const { filterShape } = attributes, at = geometryOf(x.shape, filterShape, attributes, depthwise);
  const back = byTaps(at, filterShape, options) ? depthwiseTapsBackFilter : convolveBackFilter;
  return b.convert(back(b, x, dy, filterShape, at), "f32");
};

export const CONVOLUTIONS: Lowerings = {
  Conv2D: forward(false),
  Conv2DBackpropInput: backInput(false),
  Conv2DBackpropFilter: backFilter(false),
  DepthwiseConv2dNative: forward(true),
  DepthwiseConv2dNativeBackpropInput: backInput(true),
  DepthwiseConv2dNativeBackpropFilter: backFilter(true),
};
