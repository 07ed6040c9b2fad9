import { type ParameterKind, RunError, type tf, torchShape, type WeightsFile } from "@seed/core";
import { joinedTensors } from "../layouts/joined_tensors.ts";
import type { Layout } from "../layouts/layout.ts";
import type { Network } from "../networks/networks.ts";
import { countMacs, shapeOnly } from "../networks/shape_backend.ts";
import type { ParameterSource } from "../parameters/parameters.ts";
import { fileNames, isShape } from "../layouts/entries.ts";

/**
 * How many of a file's tensors a network takes in a layout: 0 if one is missing or has another shape. No value is read;
 * what else the file holds does not matter.
 */
export function fittingTensors(
  file: WeightsFile,
  network: Network,
  layout: Layout,
): number {
  const tensors = tensorsIn(file, layout);
  if (!tensors) return 0;
  const nameOf = fileNames(tensors, layout);
  let all = true, count = 0;
  const source: ParameterSource = {
    frozen: false,
    parameters: [],
    get(name: string, kind: ParameterKind, shape: readonly number[]): tf.Tensor {
      const found = tensors.get(nameOf(name));
      all &&= found !== undefined && isShape(found.shape, torchShape(shape, kind));
      count++;
      return shapeOnly(shape);
    },
    shapeOf: (name) => tensors.get(nameOf(name))?.shape,
  };
  countMacs(() => (layout.build ?? network.build)(source, layout.normalization ?? network.normalization));
  return all ? count : 0;
}

/** A file's tensors as a layout has them; null if parts of one are not there. */
function tensorsIn(file: WeightsFile, layout: Layout): WeightsFile["tensors"] | null {
  try {
    return joinedTensors(file, layout).tensors;
  } catch (error) {
    if (error instanceof RunError) return null;
    throw error;
  }
}
