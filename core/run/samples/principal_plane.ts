import { principalComponents, project } from "../../evaluation/principal_components.ts";
import { unitMatrix } from "../../evaluation/unit_matrix.ts";

/** Rows in the plane of their first two principal components. */
export interface Plane {
  /** `[rows]` of x and y. */
  points: [number, number][];
  /** Shares of the variance of all dimensions that the two have. */
  shares: [number, number];
}

/**
 * Where rows lie in their principal plane, once they are scaled to length 1: neighbours are found by cosine, so lengths
 * say nothing.
 *
 * @param data `[rows, dim]` float32, row-major.
 * @throws What the signal was aborted with.
 */
export async function principalPlane(data: Float32Array, dim: number, signal: AbortSignal): Promise<Plane> {
  const rows = data.length / dim;
  if (rows < 2) return { points: Array.from({ length: rows }, () => [0, 0]), shares: [0, 0] };
  const unit = unitMatrix({ data, dim });
  const components = await principalComponents(unit, 2, signal),
    { directions, shares: [x, y = 0] } = components;
  const places = project(unit, components), across = directions.length;
  return {
    points: Array.from(
      { length: rows },
      (_, i) => [places[i * across], across > 1 ? places[i * across + 1] : 0],
    ),
    shares: [x, y],
  };
}
