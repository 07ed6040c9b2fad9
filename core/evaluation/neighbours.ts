import { RunError } from "../errors.ts";
import { rowsNotFinite } from "../finite_rows.ts";
import { ProgressLine } from "../text/progress_line.ts";
import { tf } from "../tf.ts";
import { breathe } from "./breathe.ts";

/** A matrix of embeddings: `rows * dim` float32, row-major. */
export interface Matrix {
  readonly data: Float32Array;
  readonly dim: number;
}

/** The nearest rows of one query, best first. */
export interface Neighbours {
  /** Row numbers in the gallery. */
  indices: Int32Array;
  /** Cosine similarities. */
  similarities: Float32Array;
}

/** Queries that are compared at a time: bounds memory to this many rows of similarities. */
const CHUNK = 256;

/**
 * The `k` rows of the gallery most similar to each query by cosine; of equal ones the lower row number first.
 *
 * @param options.excluded Whether a gallery row may not be a query's neighbour.
 * @param options.signal Aborted: stops before the next queries, with the signal's reason as the error.
 * @throws {RunError} If a row is not finite: NaN has no place in an order.
 */
export async function nearestNeighbours(
  queries: Matrix,
  gallery: Matrix,
  options: { k: number; excluded?: (query: number, row: number) => boolean; signal?: AbortSignal },
): Promise<Neighbours[]> {
  const rows = queries.data.length / queries.dim, result: Neighbours[] = [];
  refuseNotFinite(queries, "query");
  if (gallery.data !== queries.data) refuseNotFinite(gallery, "gallery");
  const transposed = tf.tidy(() => tf.transpose(unit(gallery)));
  using progress = new ProgressLine("Searching neighbours", { total: rows, unit: "images" });
  try {
    for (let first = 0; first < rows; first += CHUNK) {
      await breathe(options.signal);
      const count = Math.min(CHUNK, rows - first);
      const data = queries.data.subarray(first * queries.dim, (first + count) * queries.dim);
      const similarities = tf.tidy(() => tf.matMul(unit({ data, dim: queries.dim }), transposed));
      const values = await similarities.data() as Float32Array;
      similarities.dispose();
      const width = values.length / count;
      for (let i = 0; i < count; i++) {
        const row = values.subarray(i * width, (i + 1) * width);
        result.push(best(row, options.k, (j) => options.excluded?.(first + i, j) ?? false));
      }
      progress.update(first + count);
    }
    return result;
  } finally {
    transposed.dispose();
  }
}

function refuseNotFinite({ data, dim }: Matrix, kind: string): void {
  const broken = rowsNotFinite(data, dim);
  if (broken.length === 0) return;
  throw new RunError(
    `${broken.length} of ${data.length / dim} ${kind} rows are not finite, the first is row ${
      broken[0]
    }; look at ` +
      "the network that made them",
  );
}

/** Rows of length 1. Lengths are taken in float64: squares of float32's largest and smallest values leave its range. */
function unit({ data, dim }: Matrix): tf.Tensor2D {
  const values = new Float32Array(data.length);
  for (let first = 0; first < data.length; first += dim) {
    let squares = 0;
    for (let i = first; i < first + dim; i++) squares += data[i] ** 2;
    const length = Math.sqrt(squares) || 1;
    for (let i = first; i < first + dim; i++) values[i] = data[i] / length;
  }
  return tf.tensor2d(values, [data.length / dim, dim]);
}

/** Insertion into a short sorted list: k is small beside the gallery. */
function best(row: Float32Array, k: number, excluded: (j: number) => boolean): Neighbours {
  const indices = new Int32Array(k), similarities = new Float32Array(k).fill(-Infinity);
  let count = 0;
  for (let j = 0; j < row.length; j++) {
    if (count === k && row[j] <= similarities[k - 1] || excluded(j)) continue;
    let at = count < k ? count++ : k - 1;
    for (; at > 0 && similarities[at - 1] < row[j]; at--) {
      similarities[at] = similarities[at - 1];
      indices[at] = indices[at - 1];
    }
    similarities[at] = row[j];
    indices[at] = j;
  }
  return { indices: indices.subarray(0, count), similarities: similarities.subarray(0, count) };
}
