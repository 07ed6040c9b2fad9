import { type Network, NETWORKS } from "@seed/nn";
import { PAPER_FIGURES, type PaperFigure, sizeOf } from "@seed/nn/host";
import type { Listing } from "./listing.ts";

interface NetworkItem {
  name: string;
  /** Trainable values, without classifier and projection head. */
  parameters: number;
  /** Billions of multiply-accumulates for a picture of 224 px. */
  gmacs_at_224: number;
  feature_dim: number;
  input_size: number;
  mean: readonly number[];
  std: readonly number[];
  /** Layouts of weights that are read. */
  layouts: string[];
  /** Published linear accuracy on ImageNet, if there is any. */
  paper: PaperFigure | null;
}

/**
 * Networks that weights are read for.
 *
 * @param others Those of others' modules, after SEED's.
 */
export const networks = (others: readonly Network[] = []): Listing<NetworkItem> => ({
  items: () =>
    Promise.resolve([...NETWORKS.values(), ...others].map((network) => {
      const { parameters, macs, featureDim } = sizeOf(network);
      const { mean, std } = network.normalization;
      return {
        name: network.name,
        parameters,
        gmacs_at_224: macs / 1e9,
        feature_dim: featureDim,
        input_size: network.inputSize,
        ...{ mean, std, layouts: network.layouts.map(({ name }) => name) },
        paper: PAPER_FIGURES[network.name] ?? null,
      };
    })),
  header: [
    "network",
    "parameters",
    "GMACs at 224",
    "features",
    "input",
    "linear top-1",
    "by SEED",
    "layouts of weights",
  ],
  cells: (item) => [
    item.name,
    `${(item.parameters / 1e6).toFixed(2)} M`,
    item.gmacs_at_224.toFixed(2),
    `${item.feature_dim}`,
    `${item.input_size}`,
    item.paper ? `${item.paper.alone.top1.toFixed(1)} (${item.paper.alone.method})` : "",
    item.paper?.distilled ? `${item.paper.distilled.top1.toFixed(1)} (${item.paper.distilled.teacher})` : "",
    publishersOf(item.layouts).join(", "),
  ],
  none: "No networks",
});

/** Layouts without what tells those of one publisher apart, which stands after a comma. */
function publishersOf(layouts: readonly string[]): string[] {
  return [...new Set(layouts.map((name) => name.split(",")[0]))];
}
