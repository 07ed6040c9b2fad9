/**
 * What a network asks of a file, as names and shapes.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { type ParameterKind, torchShape } from "@seed/core";
import type { Network, ParameterSource } from "@seed/nn";
import { countMacs, shapeOnly } from "../../nn/networks/shape_backend.ts";

/** Shapes in PyTorch's layout, by name. */
export type Shapes = Record<string, number[]>;

/** The values of a network's backbone, and the counts of batches that PyTorch's batch norms have beside them. */
export function backboneEntries(network: Network): Shapes {
  const entries: Shapes = {};
  const source: ParameterSource = {
    frozen: false,
    parameters: [],
    get(name: string, kind: ParameterKind, shape: readonly number[]) {
      entries[name] = torchShape(shape, kind);
      if (name.endsWith(".running_var")) entries[name.replace("running_var", "num_batches_tracked")] = [];
      return shapeOnly(shape);
    },
  };
  countMacs(() => network.build(source, network.normalization));
  return entries;
}

/** SHA-256 of names and shapes; the twin of `digest` in resnets.py. */
export function digest(entries: Shapes): string {
  const lines = Object.entries(entries).map(([name, shape]) => `${name} ${JSON.stringify(shape)}`).sort();
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}
