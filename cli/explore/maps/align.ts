/**
 * Turns a map, or mirrors it, so that pictures are where they are on another as far as can be: maps that are switched
 * between change no more than they must (orthogonal Procrustes in the plane).
 *
 * @param places `[n, 2]`, row-major; what comes out has the same scale, around 0.
 * @param reference `[n, 2]` of the same rows.
 */
export function alignedTo(places: Float32Array, reference: Float32Array): Float32Array {
  const [from, to] = [centred(places), centred(reference)];
  const turn = bestTurn(from, to), mirrored = from.map((value, i) => i % 2 ? -value : value);
  const flip = bestTurn(mirrored, to);
  const [best, { angle }] = flip.agreement > turn.agreement ? [mirrored, flip] : [from, turn];
  const c = Math.cos(angle), s = Math.sin(angle), turned = new Float32Array(best.length);
  for (let i = 0; i < best.length; i += 2) {
    turned[i] = c * best[i] - s * best[i + 1];
    turned[i + 1] = s * best[i] + c * best[i + 1];
  }
  return turned;
}

/** The angle at which the sum of products with the reference is largest, and that sum. */
function bestTurn(from: Float32Array, to: Float32Array): { angle: number; agreement: number } {
  let along = 0, across = 0;
  for (let i = 0; i < from.length; i += 2) {
    along += from[i] * to[i] + from[i + 1] * to[i + 1];
    across += from[i] * to[i + 1] - from[i + 1] * to[i];
  }
  return { angle: Math.atan2(across, along), agreement: Math.hypot(along, across) };
}

function centred(places: Float32Array): Float32Array {
  const sums = [0, 0], rows = places.length / 2;
  places.forEach((value, i) => sums[i % 2] += value);
  return places.map((value, i) => value - sums[i % 2] / rows);
}
