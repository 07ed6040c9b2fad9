import { isHeadName, type NamedArray, RunError, torchShape, toTorch, UsageError } from "@seed/core";
import type { Layout } from "../layouts/layout.ts";
import { type Network, NETWORKS } from "../networks/networks.ts";
import type { LoadedNetwork } from "../loaded/loaded_network.ts";
import { operationsOf, operationsOfBuild } from "./operations.ts";

/** Whose names weights are written in. */
export type Names = "timm" | "torchvision";

/** A state dict, and what had to be changed for it. */
export interface StateDict {
  arrays: NamedArray[];
  /** Epsilons of the batch norms, if weights were scaled to stand for the target's; else null. */
  epsilons: { from: number; to: number } | null;
}

/**
 * A network's values in the names and conventions of a library.
 *
 * Where the library's network differs in nothing but the epsilon of its batch norms, their weights are scaled so
 * that its outputs in evaluation are the same.
 *
 * @param options.names Null: the network's own, which are for no library's network in particular.
 * @param options.head Whether the projection head's values are in it, under `head.`.
 * @throws {UsageError} If the library has no such network.
 * @throws {RunError} If the library's network computes something else (padding, order of activations).
 */
export async function stateDict(
  network: LoadedNetwork,
  { names, head }: { names: Names | null; head: boolean },
): Promise<StateDict> {
  const known = NETWORKS.get(network.name), layout = names && layoutOf(network.name, known, names);
  const factors = known && names
    ? scaleFactors(network, known, layout, names)
    : { byName: new Map(), epsilons: null };
  const arrays: NamedArray[] = [];
  for (const { name, kind, tensor } of network.values) {
    const isHead = isHeadName(name);
    if (isHead && !head) continue;
    const data = toTorch(await tensor.data() as Float32Array, tensor.shape, kind);
    const renamed = isHead || !layout?.rename ? name : layout.rename(name, () => true);
    const shape = torchShape(tensor.shape, kind);
    arrays.push({
      name: renamed,
      shape: layout?.matrices?.includes(renamed) ? shape.slice(0, 2) : shape,
      data: await scaled(name, data),
    });
    const stem = renamed.match(/^(.*)\.running_var$/)?.[1];
    if (stem !== undefined && network.batches !== null) {
      arrays.push({
        name: `${stem}.num_batches_tracked`,
        shape: [],
        data: BigInt64Array.of(network.batches),
      });
    }
  }
  return { arrays, epsilons: factors.epsilons };

  /** A batch norm's weight with `sqrt(variance + to) / sqrt(variance + from)`, if the epsilons differ. */
  async function scaled(name: string, data: Float32Array): Promise<Float32Array> {
    const factor = factors.byName.get(name);
    if (!factor) return data;
    const variance = await varianceOf(network, name);
    return data.map((value, i) => value * Math.sqrt((variance[i] + factor.to) / (variance[i] + factor.from)));
  }
}

/** The library's layout of a network; null if it is timm's, whose names the network's are. */
function layoutOf(name: string, network: Network | undefined, names: Names): Layout | null {
  if (names === "timm") return null;
  const layout = network?.layouts.find((one) => one.library === names);
  if (layout) return layout;
  throw new UsageError(`${names} has no network "${name}"; write it in timm's names`);
}

/** Batch norms' weights whose epsilon is another in the library's network. */
function scaleFactors(network: LoadedNetwork, known: Network, layout: Layout | null, names: Names) {
  const { inputSize, normalization } = network;
  const own = operationsOf((images) => network.forward(images, false).features, inputSize);
  const target = operationsOfBuild(layout?.build ?? known.build, normalization, inputSize);
  const nameOf = new Map(network.values.map(({ name, tensor }) => [tensor.dataId, name]));
  const at = target.steps.findIndex((step, i) => step !== own.steps[i]);
  if (at >= 0) {
    throw new RunError(
      `The weights are of another ${known.name} than ${names}'s, which would compute something else: its step ` +
        `${at + 1} is ${target.steps[at]}, these weights' is ${
          own.steps[at]
        }; write ONNX, or take the file that they came in`,
    );
  }
  const byName = new Map<string, { from: number; to: number }>();
  target.norms.forEach(({ epsilon: to }, i) => {
    const { epsilon: from, scale } = own.norms[i];
    if (from !== to) byName.set(nameOf.get(scale.dataId)!, { from, to });
  });
  const [epsilons = null] = byName.values();
  return { byName, epsilons };
}

async function varianceOf({ values }: LoadedNetwork, weight: string): Promise<Float32Array> {
  const name = weight.replace(/weight$/, "running_var");
  return await values.find((value) => value.name === name)!.tensor.data() as Float32Array;
}
