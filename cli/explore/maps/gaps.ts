/** An empty strip is at most so wide, as a share of what most pictures take. */
const MOST_EMPTY = 0.06;
/** Share of the pictures at either end that do not count as most. */
const ENDS = 0.05;

/**
 * Shortens strips of a map, along each axis, that no picture lies in. UMAP drives groups that share no neighbour apart, as
 * far as it happens to; shown to scale they would leave the others a corner of the screen.
 *
 * @param places `[n, 2]`, row-major.
 * @returns places in the same order along each axis, groups unchanged in themselves.
 */
export function withoutGaps(places: Float32Array): Float32Array {
  const shorter = Float32Array.from(places);
  for (let axis = 0; axis < 2; axis++) {
    const order = Array.from({ length: places.length / 2 }, (_, row) => 2 * row + axis);
    order.sort((a, b) => places[a] - places[b]);
    const quantile = (share: number) => places[order[Math.round(share * (order.length - 1))]];
    const most = MOST_EMPTY * (quantile(1 - ENDS) - quantile(ENDS));
    let cut = 0;
    for (let i = 1; i < order.length; i++) {
      cut += Math.max(0, places[order[i]] - places[order[i - 1]] - most);
      shorter[order[i]] = places[order[i]] - cut;
    }
  }
  return shorter;
}
