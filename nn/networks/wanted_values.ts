import { type ParameterKind, type tf, torchShape } from "@seed/core";
import type { Initializer } from "../parameters/initializer.ts";
import type { ParameterSource } from "../parameters/parameters.ts";
import { countMacs, shapeOnly } from "./shape_backend.ts";

/** A value that a network asks for, and how it would start. */
export interface WantedValue {
  readonly name: string;
  /** In PyTorch's layout. */
  readonly shape: readonly number[];
  readonly init: Initializer;
}

/** Writes down what a network asks for; only while networks run on shapes. */
class WantedValues implements ParameterSource {
  readonly frozen = false;
  readonly parameters = [];
  readonly wanted: WantedValue[] = [];

  get(name: string, kind: ParameterKind, shape: readonly number[], init: Initializer): tf.Tensor {
    this.wanted.push({ name, shape: torchShape([...shape], kind), init });
    return shapeOnly(shape);
  }
}

/** What a network asks for when it is built, in its order. Makes none of it, and needs no engine. */
export function wantedValues(build: (source: ParameterSource) => void): WantedValue[] {
  const source = new WantedValues();
  countMacs(() => build(source));
  return source.wanted;
}
