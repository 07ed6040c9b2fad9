import { blockMask, blocksOf } from "../layers/grouped_conv.ts";
import type { Linear } from "../onnx/linear.ts";
import type { GraphBuilder, PlainAttributes } from "./graph_builder.ts";

/** Names of a layer's operation: alone, and with what is added to it and applied to that. */
const OPERATIONS = {
  Conv2D: ["Conv2D", "_FusedConv2D"],
  DepthwiseConv2dNative: ["DepthwiseConv2dNative", "FusedDepthwiseConv2dNative"],
  BatchMatMul: ["MatMul", "_FusedMatMul"],
} as const;

/**
 * Adds a convolution or a matrix product with its bias and, if there is a bias, an activation.
 */
export function linear(g: GraphBuilder, found: Linear, activation: "Relu" | "Relu6" | null = null): string {
  const { kernel, bias, biasName } = found, name = kernel.name as keyof typeof OPERATIONS;
  if (name === "Conv2D" && kernel.inputs.x.shape[3] !== kernel.inputs.filter.shape[2]) {
    return inBlocks(g, found, activation);
  }
  const weight = kernel.inputs.filter ?? kernel.inputs.b, x = kernel.inputs.x ?? kernel.inputs.a;
  const operands = [g.of(x), g.floats(weight.shape, scaled(found), weight.name)];
  const [alone, fused] = OPERATIONS[name];
  const attributes = name === "BatchMatMul" ? { transpose_a: false, transpose_b: false } : windows(found);
  if (!bias) return g.add(alone, operands, attributes);
  const stem = weight.name?.replace(/\.weight$/, "");
  operands.push(g.floats([bias.length], Float32Array.from(bias), biasName ?? (stem ? `${stem}.bias` : null)));
  const fused_ops = ["BiasAdd", ...activation ? [activation] : []];
  return g.add(fused, operands, { ...attributes, num_args: 1, fused_ops });
}

/** TensorFlow.js convolves no groups: blocks of them, by filters that are zero from one group to another. */
function inBlocks(g: GraphBuilder, found: Linear, activation: "Relu" | "Relu6" | null): string {
  const { x, filter } = found.kernel.inputs,
    [height, width, each, all] = filter.shape,
    values = scaled(found);
  const [, rows, columns] = x.shape;
  const parts = blocksOf(x.shape[3], filter.shape).map(({ groups, inputs, outputs }, i) => {
    const maps = g.add("Slice", [
      g.of(x),
      g.integers([0, 0, 0, inputs.first]),
      g.integers([-1, rows, columns, inputs.count]),
    ]);
    const mask = blockMask(groups, inputs.count, outputs.count);
    const wide = Float32Array.from({ length: height * width * mask.length }, (_, k) => {
      const output = k % outputs.count, input = Math.floor(k / outputs.count) % inputs.count;
      const tap = Math.floor(k / mask.length),
        at = (tap * each + input % each) * all + outputs.first + output;
      return mask[k % mask.length] ? values[at] : 0;
    });
    const shape = [height, width, inputs.count, outputs.count];
    const operands = [maps, g.floats(shape, wide, filter.name && `${filter.name}/${i}`)];
    const bias = found.bias?.subarray(outputs.first, outputs.first + outputs.count);
    if (!bias) return g.add("Conv2D", operands, windows(found));
    operands.push(g.floats([bias.length], Float32Array.from(bias)));
    const fused_ops = ["BiasAdd", ...activation ? [activation] : []];
    return g.add("_FusedConv2D", operands, { ...windows(found), num_args: 1, fused_ops });
  });
  return parts.length === 1
    ? parts[0]
    : g.add("ConcatV2", [...parts, g.integers([3], [])], { N: parts.length });
}

/** The weight by the factors of its output channels, which are the last axes. */
function scaled({ kernel, scale }: Linear): Float32Array {
  const { constant } = kernel.inputs.filter ?? kernel.inputs.b;
  return scale ? constant!.map((value, i) => value * scale[i % scale.length]) : constant!;
}

function windows({ kernel: { attributes } }: Linear): PlainAttributes {
  const { strides, pad, dilations } = attributes;
  const window = (
    sides: number | [number, number],
  ) => [1, ...typeof sides === "number" ? [sides, sides] : sides, 1];
  return {
    strides: window(strides),
    dilations: window(dilations ?? 1),
    data_format: "NHWC",
    ...padding(pad),
  };
}

/** tfjs's padding as TensorFlow has it: zeros of a number, or of four pairs, are explicit. */
export function padding(pad: "same" | "valid" | number | [number, number][]): PlainAttributes {
  if (typeof pad === "string") return { padding: pad.toUpperCase() };
  if (pad === 0) return { padding: "VALID" };
  const pairs = typeof pad === "number" ? [[0, 0], [pad, pad], [pad, pad], [0, 0]] : pad;
  return { padding: "EXPLICIT", explicit_paddings: pairs.flat() };
}
