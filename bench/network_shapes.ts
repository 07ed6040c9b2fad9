import { type ParameterKind, type tf, torchShape } from "@seed/core";
import type { ParameterSource } from "@seed/nn";
import { countMacs, shapeOnly } from "../nn/networks/shape_backend.ts";

/** Names and PyTorch's shapes of all that a network asks for when it is built. */
export function shapesAskedFor(build: (source: ParameterSource) => void): [string, readonly number[]][] {
  const asked: [string, readonly number[]][] = [];
  const source: ParameterSource = {
    frozen: false,
    parameters: [],
    get(name: string, kind: ParameterKind, shape: readonly number[]): tf.Tensor {
      asked.push([name, torchShape([...shape], kind)]);
      return shapeOnly(shape);
    },
  };
  countMacs(() => build(source));
  return asked;
}
