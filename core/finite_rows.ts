/**
 * Which rows hold a value that is NaN or infinite.
 *
 * @param values Row-major.
 * @param dim Values of a row.
 * @returns their numbers, ascending.
 */
export function rowsNotFinite(values: ArrayLike<number>, dim: number): number[] {
  const broken: number[] = [];
  for (let first = 0; first < values.length; first += dim) {
    for (let i = first; i < first + dim; i++) {
      if (Number.isFinite(values[i])) continue;
      broken.push(first / dim);
      break;
    }
  }
  return broken;
}
