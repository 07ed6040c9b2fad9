/**
 * Which operations of a training step are recorded in bf16. TensorFlow's own rewriting to bf16, which frozen networks
 * have, casts beside what XLA has fused and beside matrix products that must stay exact, and made mobile networks
 * slower than fp32.
 *
 * @module
 */
import type { Attribute } from "./attributes.ts";
import { DataType } from "./c_api.ts";

/** A tensor that an operation is given. */
export interface Operand {
  shape: readonly number[];
  inBf16: boolean;
}

/**
 * Most of a network's arithmetic, or of its traffic: worth a cast of what they are given. `tf.matMul` is none of these
 * operations: tfjs-node's kernel for it is `BatchMatMulV2`.
 */
const IN_BF16 = new Set([
  "BatchMatMul",
  "Conv2D",
  "Conv2DBackpropFilter",
  "Conv2DBackpropInput",
  "DepthwiseConv2dNative",
  "DepthwiseConv2dNativeBackpropFilter",
  "DepthwiseConv2dNativeBackpropInput",
  "MatMul",
]);

/** They move values, choose among them, add a few or normalise them: done in what the maps are in. */
const AS_ITS_LARGEST_INPUT = new Set([
  "Add",
  "AvgPool",
  "ExpandDims",
  "FusedBatchNormGradV3",
  "FusedBatchNormV3",
  "MaxPool",
  "MaxPoolGrad",
  "PadV2",
  "Relu",
  "Reshape",
  "Transpose",
]);

/** oneDNN has no fast batch norm in bf16 for other channels than multiples of these. */
const CHANNELS_OF_NORMS = 16;

/**
 * Whether an operation, which is asked for in fp32, is recorded in bf16. All others compute in fp32, on what is cast
 * for them.
 *
 * @param operands Those of its inputs whose element type is the operation's `T`.
 */
export function computesInBf16(
  op: string,
  attributes: readonly Attribute[],
  operands: readonly Operand[],
): boolean {
  const valueOf = (name: string) => attributes.find((attribute) => attribute.name === name)?.value;
  if ((valueOf("T") ?? DataType.FLOAT) !== DataType.FLOAT) return false; // some kernels leave it to TensorFlow
  if (op.startsWith("FusedBatchNorm") && operands[0].shape.at(-1)! % CHANNELS_OF_NORMS !== 0) return false;
  if (AS_ITS_LARGEST_INPUT.has(op)) return largest(operands).every(({ inBf16 }) => inBf16);
  // Explicit padding keeps gradients from oneDNN, and TensorFlow's own kernels would sum in bf16.
  if (op.includes("Backprop") && valueOf("padding") === "EXPLICIT") return false;
  return IN_BF16.has(op);
}

/** Without what is spread over others, such as the value that a map is padded with. */
function largest(operands: readonly Operand[]): Operand[] {
  const sizes = operands.map(({ shape }) => shape.reduce((a, b) => a * b, 1)), most = Math.max(...sizes);
  return operands.filter((_, i) => sizes[i] === most);
}

/** The attributes of an operation with its `T` turned into bf16. */
export function inBf16(attributes: readonly Attribute[]): Attribute[] {
  return attributes.map((attribute) =>
    attribute.name === "T" ? { ...attribute, value: DataType.BFLOAT16 } : attribute
  );
}
