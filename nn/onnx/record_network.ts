import type { LoadedNetwork } from "../loaded/loaded_network.ts";
import { type RecordedGraph, recordGraph } from "./recorded_graph.ts";

/** Which outputs of a network. */
export type Outputs = "features" | "head" | "both";

/**
 * Records a network with the outputs that an exported model is to have.
 *
 * @param options.inputSize Side in pixels of the images.
 * @returns the graph, and what its outputs are called: `features`, `embedding` (the head's, not normalised), or both.
 */
export function recordNetwork(
  { forward, values }: Pick<LoadedNetwork, "forward" | "values">,
  { outputs, inputSize }: { outputs: Outputs; inputSize: number },
): { graph: RecordedGraph; outputNames: readonly string[] } {
  const outputNames = outputs === "both"
    ? ["features", "embedding"]
    : [outputs === "head" ? "embedding" : "features"];
  const graph = recordGraph((images) => {
    const { features, embedding } = forward(images, outputs !== "features");
    return outputNames.map((output) => output === "features" ? features : embedding!);
  }, { size: inputSize, names: new Map(values.map(({ name, tensor }) => [tensor, name])) });
  return { graph, outputNames };
}
