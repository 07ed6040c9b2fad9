/**
 * Which kernels of a traced function compute in bf16: convolutions and products, and what passes maps on between them.
 * All others compute in f32, on what is widened for them: XLA fuses that with them, so it costs no memory.
 *
 * @module
 */
import { BATCH_NORM_GRADIENT_KERNEL, BATCH_NORM_KERNEL, PRODUCT_KERNEL } from "@seed/core";
import type { Inputs } from "../stablehlo/lowering.ts";
import type { ModuleBuilder } from "../stablehlo/module_builder.ts";
import { sizeOf, type Value } from "../stablehlo/value.ts";
import type { Arithmetic } from "./recorder.ts";

/** Most of a network's arithmetic. */
const IN_BF16 = new Set([
  "Conv2D",
  "Conv2DBackpropFilter",
  "Conv2DBackpropInput",
  "DepthwiseConv2dNative",
  "DepthwiseConv2dNativeBackpropFilter",
  "DepthwiseConv2dNativeBackpropInput",
  PRODUCT_KERNEL,
]);

/** They move values, choose among them or add a few: done in what the maps are in. */
const AS_ITS_LARGEST_INPUT = new Set([
  "Add",
  "AvgPool",
  "AvgPoolGrad",
  "MaxPool",
  "MaxPoolGrad",
  "PadV2",
  "Relu",
  "Transpose",
]);

/** They compute in f32, and give their maps in what they were given: vectors stay as they are. */
const NORMS = new Set([BATCH_NORM_KERNEL, BATCH_NORM_GRADIENT_KERNEL]);

/** Gives a kernel its inputs in what it computes in. Without bf16 all is as it was. */
export function cast(b: ModuleBuilder, kernel: string, inputs: Inputs, arithmetic: Arithmetic): Inputs {
  if (arithmetic.precision === "fp32" || NORMS.has(kernel)) return inputs;
  const values = Object.values(inputs);
  const inBf16 = IN_BF16.has(kernel) || kernel === "BatchMatMul" && !arithmetic.exactProducts ||
    AS_ITS_LARGEST_INPUT.has(kernel) && largest(values).every(({ type }) => type === "bf16");
  const convert = (value: Value) => {
    if (inBf16) return value.type === "f32" ? b.convert(value, "bf16") : value;
    return value.type === "bf16" ? b.convert(value, "f32") : value;
  };
  const entries = Object.entries(inputs).map(([name, value]) => [name, convert(value)]);
  return Object.fromEntries(entries);
}

/** Without what is spread over others, such as a bias. */
function largest(values: readonly Value[]): Value[] {
  const sizes = values.map(({ shape }) => sizeOf(shape)), most = Math.max(...sizes);
  return values.filter((_, i) => sizes[i] === most);
}
