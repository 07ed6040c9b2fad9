import type { Matrix } from "./neighbours.ts";

/** The rows scaled to length 1; rows of zeros stay. */
export function unitMatrix({ data, dim }: Matrix): Matrix {
  const unit = data.slice();
  for (let first = 0; first < unit.length; first += dim) {
    const row = unit.subarray(first, first + dim), length = Math.hypot(...row) || 1;
    row.forEach((value, i) => row[i] = value / length);
  }
  return { data: unit, dim };
}
