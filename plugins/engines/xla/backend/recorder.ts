import { tf } from "@seed/core";
import { elementTypeOf } from "../stablehlo/lowering.ts";
import { isWritable, ModuleBuilder } from "../stablehlo/module_builder.ts";
import type { Value } from "../stablehlo/value.ts";
import type { XlaBackend } from "./backend.ts";
import type { DeviceArray } from "./device_array.ts";

/** What a parameter of a program is filled with at each call. */
export type Source =
  | { readonly argument: number }
  | { readonly variable: tf.Variable }
  | { readonly captured: DeviceArray };

/** What it is recorded in. */
export interface Arithmetic {
  readonly precision: "fp32" | "bf16";
  /** Matrix products are exact, as training's are. */
  readonly exactProducts: boolean;
}

/** Records what the kernels of a traced function ask for as a program. */
export class Recorder {
  readonly builder: ModuleBuilder;
  /** By number of the parameter. */
  readonly sources: Source[] = [];
  readonly #variables: Map<tf.DataId, tf.Variable>;
  /** Values of tensors that existed before. */
  readonly #known = new Map<tf.DataId, Value>();

  /** @param variables Those that the function may read. */
  constructor(
    readonly name: string,
    private readonly backend: XlaBackend,
    variables: readonly tf.Variable[],
    readonly arithmetic: Arithmetic,
  ) {
    this.builder = new ModuleBuilder(name);
    this.#variables = new Map(variables.map((variable) => [variable.dataId, variable]));
  }

  /** A tensor that stands for the `argument`th input. */
  argument({ shape, dtype }: tf.Tensor, argument: number): tf.Tensor {
    const value = this.builder.parameter(shape, elementTypeOf(dtype), this.backend.placementOf(shape));
    this.sources.push({ argument });
    return tf.engine().makeTensorFromTensorInfo(this.backend.fromSymbol(value));
  }

  /** A tensor in the program. Tensors of the same data may differ in shape. */
  valueOf(info: tf.TensorInfo): Value {
    const entry = this.backend.entry(info.dataId);
    let value = entry.symbol ?? this.#known.get(info.dataId);
    if (!value) this.#known.set(info.dataId, value = this.#parameterOrConstant(info));
    return this.builder.reshape(value, info.shape);
  }

  /** Whether a tensor is the same at every call. */
  isConstant({ dataId }: tf.TensorInfo): boolean {
    return !this.backend.entry(dataId).symbol && !this.#variables.has(dataId);
  }

  /** Number of the parameter that a variable fills; -1: none. */
  parameterOf(variable: tf.Variable): number {
    return this.sources.findIndex((source) => "variable" in source && source.variable === variable);
  }

  #parameterOrConstant(info: tf.TensorInfo): Value {
    const { builder } = this, type = elementTypeOf(info.dtype), variable = this.#variables.get(info.dataId);
    if (variable) {
      this.sources.push({ variable });
      return builder.parameter(variable.shape, type);
    }
    const values = this.backend.entry(info.dataId).values as ArrayLike<number> | null;
    if (values && isUniform(values)) return builder.filled(values[0], { shape: info.shape, type });
    if (values && isWritable(info.shape)) return builder.constant(values, info.shape, type);
    // Frozen weights, and what else is large: on the devices once, for all calls and functions.
    this.sources.push({ captured: this.backend.arrayOf(info, "whole").hold() });
    return builder.parameter(info.shape, type);
  }
}

function isUniform(values: ArrayLike<number>): boolean {
  return values.length > 1 && Array.prototype.every.call(values, (value) => Object.is(value, values[0]));
}
