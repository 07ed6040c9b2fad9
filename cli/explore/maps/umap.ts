import { type Neighbours, Random } from "@seed/core";
import { breathe } from "@seed/core/host";
import { UMAP } from "umap-js";

/** Neighbours of each picture that its place is found by, itself among them: UMAP's usual number. */
export const UMAP_NEIGHBOURS = 15;
/** Side of the square that places begin in, as in umap-js. */
const BEGIN_SIDE = 20;

/**
 * A map on which near rows are near (McInnes et al., 2018, by umap-js), of exact neighbours.
 *
 * @param nearest Of each row the {@link UMAP_NEIGHBOURS} - 1 nearest others or more, or all there are, best first.
 * @param begin `[n, 2]`, row-major: where places begin, at any scale.
 * @param options.seed Equal ones give equal maps.
 * @returns `[n, 2]`, row-major.
 */
export async function umapOf(
  nearest: readonly Neighbours[],
  begin: Float32Array,
  { seed, signal }: { seed: number; signal: AbortSignal },
): Promise<Float32Array> {
  const random = new Random(seed, "umap");
  const nNeighbors = Math.min(UMAP_NEIGHBOURS, nearest[0].indices.length); // it wants fewer than there are rows
  const umap = new UMAP({ nNeighbors, random: () => random.uniform() });
  const others = (values: ArrayLike<number>) => Array.from(values).slice(0, nNeighbors - 1);
  umap.setPrecomputedKNN(
    nearest.map(({ indices }, row) => [row, ...others(indices)]),
    // A row that is another's double is at no distance, and rounding may make less than none of it.
    nearest.map(({ similarities }) => [0, ...others(similarities).map((value) => Math.max(0, 1 - value))]),
  );
  // With its neighbours known, umap-js asks of the rows how many there are.
  const epochs = umap.initializeFit(nearest.map(() => []));
  const places = umap.getEmbedding(), scale = BEGIN_SIDE / 2 / Math.max(...begin.map(Math.abs), 1e-12);
  places.forEach((place, row) => {
    for (let axis = 0; axis < 2; axis++) {
      // A little apart: rows at the very same place would never part.
      place[axis] = scale * begin[2 * row + axis] + random.normal(0, 1e-3);
    }
  });
  for (let epoch = 0; epoch < epochs; epoch++) {
    await breathe(signal);
    umap.step();
  }
  return Float32Array.from(places.flat());
}
