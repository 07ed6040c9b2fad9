import { turnedTo } from "@seed/core/host";

/**
 * Turns a map, or mirrors it, so that pictures are where they are on another as far as can be: maps that are switched
 * between change no more than they must.
 *
 * @param places `[n, 2]`, row-major; what comes out has the same scale, around 0.
 * @param reference `[n, 2]` of the same rows.
 */
export function alignedTo(places: Float32Array, reference: Float32Array): Float32Array {
  return Float32Array.from(turnedTo(pointsOf(places), pointsOf(reference)).flat());
}

function pointsOf(places: Float32Array): [number, number][] {
  return Array.from({ length: places.length / 2 }, (_, i) => [places[2 * i], places[2 * i + 1]]);
}
