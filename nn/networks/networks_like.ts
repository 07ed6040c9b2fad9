import type { WeightsFile } from "@seed/core";
import { findLayout } from "../layouts/layout.ts";
import { matchBackbone } from "../layouts/match_backbone.ts";
import { type Network, NETWORKS } from "./networks.ts";
import { wantedValues } from "./wanted_values.ts";

type File = Pick<WeightsFile, "tensors">;

/** Names of the networks that all of a file fits. */
export function networksFitting(file: File): string[] {
  return networksMarked(file).filter((network) => {
    const layout = findLayout(file.tensors, network.layouts)!, build = layout.build ?? network.build;
    const values = wantedValues((source) => void build(source, network.normalization));
    const { problems, unused } = matchBackbone(file, layout, values);
    return problems.length + unused.length === 0;
  }).map(({ name }) => name);
}

/** The same; of a file that fits none, the networks of which it has the marks of a layout. */
export function networksLike(file: File): string[] {
  const fitting = networksFitting(file);
  return fitting.length ? fitting : networksMarked(file).map(({ name }) => name);
}

function networksMarked({ tensors }: File): Network[] {
  return [...NETWORKS.values()].filter(({ layouts }) => findLayout(tensors, layouts));
}
