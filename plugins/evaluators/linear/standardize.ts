import type { Matrix } from "@seed/core";

/** Deviations below count as none: the feature says nothing. */
const NO_DEVIATION = 1e-12;

/**
 * Rows of length 1, then each feature with mean 0 and deviation 1 over the reference's rows: what a probe finds does
 * not depend on how large features are (Koohpayegani et al., CompRess, NeurIPS 2020).
 *
 * @returns the reference, and the others measured by it.
 */
export function standardize(reference: Matrix, other: Matrix): [reference: Matrix, other: Matrix] {
  const { dim } = reference, unit = unitRows(reference);
  const rows = unit.length / dim, mean = new Float64Array(dim), square = new Float64Array(dim);
  for (let i = 0; i < unit.length; i++) mean[i % dim] += unit[i] / rows;
  for (let i = 0; i < unit.length; i++) square[i % dim] += (unit[i] - mean[i % dim]) ** 2 / rows;
  const factor = square.map((s) => Math.sqrt(s) > NO_DEVIATION ? 1 / Math.sqrt(s) : 0);
  const measured = (values: Float32Array): Matrix => ({
    dim,
    data: values.map((value, i) => (value - mean[i % dim]) * factor[i % dim]),
  });
  return [measured(unit), measured(unitRows(other))];
}

function unitRows({ data, dim }: Matrix): Float32Array {
  const result = new Float32Array(data.length);
  for (let first = 0; first < data.length; first += dim) {
    let squares = 0;
    for (let i = first; i < first + dim; i++) squares += data[i] ** 2;
    const norm = Math.max(Math.sqrt(squares), 1e-12);
    for (let i = first; i < first + dim; i++) result[i] = data[i] / norm;
  }
  return result;
}
