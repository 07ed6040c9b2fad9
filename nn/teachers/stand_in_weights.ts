import { join } from "node:path";
import { type NamedArray, Random, writeSafetensors } from "@seed/core";
import type { Layout } from "../layouts/layout.ts";
import { projectionHead } from "../layers/linear.ts";
import type { Network } from "../networks/networks.ts";
import { type WantedValue, wantedValues } from "../networks/wanted_values.ts";

/** Width of made-up projection heads between their layers, and of their output: SEED's and MoCo's. */
const HIDDEN = 2048, DIM = 128;
/** Values that are drawn; larger tensors repeat them, for they may have hundreds of millions. */
const DRAWN = 4096;

/**
 * Writes a file of weights that a network can read and that mean nothing, to try out what reads such files.
 *
 * @param layouts In the first of them that can be made up.
 * @returns the file's path.
 */
export async function writeStandInWeights(
  folder: string,
  network: Network,
  layouts: readonly Layout[],
): Promise<string> {
  for (const layout of layouts.filter(({ joined }) => !joined)) {
    for (const norm of ["none", "batch"] as const) {
      const wanted = wantedBy(network, layout, norm), names = new Set(wanted.map(({ name }) => name));
      if (!layout.marks.every((mark) => names.has(mark))) continue;
      const path = join(folder, `${network.name}, ${layout.name}.safetensors`);
      await writeSafetensors(path, wanted.map(madeUp), {});
      return path;
    }
  }
  throw new Error(`Weights of ${network.name} cannot be made up in any of ${layouts.length} layouts`);
}

function wantedBy(
  network: Network,
  { prefix, rename, head, build }: Layout,
  norm: "none" | "batch",
): WantedValue[] {
  const wanted = wantedValues((source) => {
    const { featureDim } = (build ?? network.build)(source, network.normalization);
    if (head) projectionHead(source, head, { inputs: featureDim, hidden: [HIDDEN], norm, dim: DIM });
  });
  const has = (name: string) => wanted.some((value) => value.name === name);
  return wanted.map((value) => ({
    ...value,
    name: prefix + (rename?.(value.name, has) ?? value.name),
  }));
}

function madeUp({ name, shape, init }: WantedValue): NamedArray {
  const size = shape.reduce((a, b) => a * b, 1), random = new Random(0, "stand-in", name);
  const data = new Float32Array(size), drawn = Math.min(size, DRAWN);
  for (let i = 0; i < drawn; i++) data[i] = init(random, i);
  for (let i = drawn; i < size; i += drawn) data.copyWithin(i, 0, Math.min(drawn, size - i));
  return { name, shape, data };
}
