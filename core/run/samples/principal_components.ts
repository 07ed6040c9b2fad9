/** Rows in the plane of their first two principal components. */
export interface Plane {
  /** `[rows]` of x and y. */
  points: [number, number][];
  /** Shares of the variance of all dimensions that the two have. */
  shares: [number, number];
}

/** Enough for a picture: where two components have the same variance, any axes between them are as good. */
const ITERATIONS = 200;

/**
 * Principal components of rows that are scaled to length 1 first: neighbours are found by cosine, so lengths say
 * nothing. By power iteration on the Gram matrix, which of few rows is smaller than the covariance.
 *
 * @param data `[rows, dim]` float32, row-major.
 */
export function principalPlane(data: Float32Array, dim: number): Plane {
  const rows = data.length / dim, gram = gramMatrix(centredUnitRows(data, dim), rows, dim);
  const total = Array.from({ length: rows }, (_, i) => gram[i * rows + i]).reduce((sum, x) => sum + x, 0);
  const axes = [0, 1].map(() => {
    const { value, vector } = largestEigenpair(gram, rows);
    for (let i = 0; i < gram.length; i++) {
      gram[i] -= value * vector[Math.floor(i / rows)] * vector[i % rows];
    }
    return { share: total > 0 ? value / total : 0, scores: vector.map((x) => x * Math.sqrt(value)) };
  });
  const [x, y] = axes.map(({ scores }) => scores);
  return {
    points: Array.from({ length: rows }, (_, i) => [x[i], y[i]]),
    shares: [axes[0].share, axes[1].share],
  };
}

function centredUnitRows(data: Float32Array, dim: number): Float64Array {
  const values = Float64Array.from(data), rows = data.length / dim, mean = new Float64Array(dim);
  for (let row = 0; row < rows; row++) {
    const one = values.subarray(row * dim, (row + 1) * dim), length = Math.hypot(...one) || 1;
    for (let i = 0; i < dim; i++) mean[i] += (one[i] /= length) / rows;
  }
  return values.map((x, i) => x - mean[i % dim]);
}

/** Dot products of all rows, `[rows, rows]`. */
function gramMatrix(values: Float64Array, rows: number, dim: number): Float64Array {
  const gram = new Float64Array(rows * rows);
  for (let a = 0; a < rows; a++) {
    for (let b = a; b < rows; b++) {
      let sum = 0;
      for (let i = a * dim, j = b * dim, end = i + dim; i < end; i++, j++) sum += values[i] * values[j];
      gram[a * rows + b] = gram[b * rows + a] = sum;
    }
  }
  return gram;
}

/** Of a symmetric matrix without negative eigenvalues; begun with the row of the largest diagonal entry. */
function largestEigenpair(matrix: Float64Array, size: number): { value: number; vector: Float64Array } {
  let start = 0;
  for (let i = 1; i < size; i++) {
    if (matrix[i * size + i] > matrix[start * size + start]) start = i;
  }
  let vector = matrix.slice(start * size, (start + 1) * size), value = 0;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const length = Math.hypot(...vector);
    if (length < 1e-12) return { value: 0, vector: new Float64Array(size) };
    vector = vector.map((x) => x / length);
    const next = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let j = 0; j < size; j++) sum += matrix[i * size + j] * vector[j];
      next[i] = sum;
    }
    const before = value;
    value = next.reduce((sum, x, i) => sum + x * vector[i], 0);
    if (Math.abs(value - before) <= 1e-12 * value) return { value, vector };
    vector = next;
  }
  const length = Math.hypot(...vector);
  return { value, vector: vector.map((x) => x / length) };
}
