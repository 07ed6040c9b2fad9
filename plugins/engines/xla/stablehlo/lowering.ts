import { tf } from "@seed/core";
import type { ModuleBuilder } from "./module_builder.ts";
import type { ElementType } from "../pjrt/buffer.ts";
import type { Value } from "./value.ts";

/** A kernel's inputs by name, or by number where it has a list. */
export type Inputs = Readonly<Record<string, Value>>;

/** A kernel's attributes: each has its own. */
export type Attributes = Readonly<Record<string, any>>;

/** How depthwise convolutions are written: as XLA's grouped convolutions, or as a product for each tap. */
export type Depthwise = "convolution" | "taps";

/** What an engine chooses. */
export interface LoweringOptions {
  readonly depthwise: Depthwise;
}

/** Writes what a kernel of tfjs computes; gives its outputs. */
export type Lowering = (
  b: ModuleBuilder,
  inputs: Inputs,
  attributes: Attributes,
  options: LoweringOptions,
) => Value | Value[];

export type Lowerings = Readonly<Record<string, Lowering>>;

const TYPES: Readonly<Record<string, ElementType>> = { float32: "f32", int32: "i32", bool: "i1" };

/** @throws {Error} If XLA is not given such values. */
export function elementTypeOf(dtype: string): ElementType {
  const type = TYPES[dtype];
  if (!type) throw new Error(`The engine xla computes with float32, int32 and bool, not with ${dtype}`);
  return type;
}

/** As what tfjs sees a value: it does not know bf16. */
export function dtypeOf(type: ElementType): tf.DataType {
  return type === "i32" ? "int32" : type === "i1" ? "bool" : "float32";
}

/** An axis counted from the front. */
export function axisOf(axis: number, { shape }: Value): number {
  return axis < 0 ? axis + shape.length : axis;
}

/** Axes counted from the front; of none, all. */
export function axesOf(axes: number | readonly number[] | null | undefined, { shape }: Value): number[] {
  return tf.util.parseAxisParam((axes ?? null) as number, [...shape]);
}
