import type { Matrix, Neighbours } from "@seed/core";
import { type Components, principalComponents, project } from "@seed/core/host";
import { alignedTo } from "./align.ts";
import { withoutGaps } from "./gaps.ts";
import { umapOf } from "./umap.ts";

/** Where a network's pictures lie in the plane, `[n, 2]` each, row-major. */
export interface NetworkMaps {
  readonly umap: Float32Array;
  readonly pca: Float32Array;
  /** Two directions, those of `pca`. */
  readonly components: Components;
}

/**
 * Maps of what a network makes of pictures.
 *
 * @param rows `[n, dim]` of length 1: cosines are what neighbours are found by.
 * @param nearest Of each row the others that are nearest.
 * @param options.like Maps of another network of the same pictures: UMAP's, which has no directions of its own, is turned
 *   to be like its one.
 */
export async function mapsOf(
  rows: Matrix,
  nearest: readonly Neighbours[],
  { seed, like, signal }: { seed: number; like: NetworkMaps | null; signal: AbortSignal },
): Promise<NetworkMaps> {
  const components = await principalComponents(rows, 2, signal), pca = project(rows, components);
  const umap = await umapOf(nearest, pca, { seed, signal });
  return { umap: withoutGaps(like ? alignedTo(umap, like.umap) : umap), pca, components };
}
