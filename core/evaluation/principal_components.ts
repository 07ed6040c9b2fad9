import { Random } from "../random.ts";
import { breathe } from "./breathe.ts";
import type { Matrix } from "./neighbours.ts";

/** Principal components of the rows of a matrix. */
export interface Components {
  /** `[dim]`, what is taken off each row. */
  readonly mean: Float64Array;
  /** `count` orthonormal directions, `[dim]` each, of the largest variance first; of each the largest entry is positive. */
  readonly directions: readonly Float64Array[];
  /** Share of all variance along each direction, in 0..1. */
  readonly shares: readonly number[];
}

/** More directions than asked for are followed: the last ones asked for are found sooner. */
const OVERSAMPLED = 6;
const MOST_ROUNDS = 500;
/** Relative change of the variances from one round to the next at which they are found. */
const TOLERANCE = 1e-10;

/**
 * Principal components by subspace iteration on the centred rows, in float64.
 *
 * @param rows `[n, dim]`, n of 2 or more.
 * @param count How many directions.
 */
export async function principalComponents(
  rows: Matrix,
  count: number,
  signal: AbortSignal,
): Promise<Components> {
  const { dim } = rows, { centred, mean, total } = centre(rows), random = new Random(0, "pca");
  const followed = Math.min(dim, count + OVERSAMPLED);
  let basis = orthonormal(
    Array.from({ length: followed }, () => Float64Array.from({ length: dim }, () => random.normal())),
  );
  let variances = new Float64Array(followed);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    await breathe(signal);
    const images = basis.map((direction) => covarianceTimes(centred, direction));
    const found = Float64Array.from(images, length).sort().reverse();
    const change = Math.max(...found.subarray(0, count).map((value, i) => Math.abs(value - variances[i])));
    basis = orthonormal(images.toSorted((a, b) => length(b) - length(a)));
    variances = found;
    if (change <= TOLERANCE * found[0]) break;
  }
  const directions = ritz(centred, basis).slice(0, count).map(withPositivePeak);
  const shares = directions.map((direction) =>
    total === 0 ? 0 : dot(direction, covarianceTimes(centred, direction)) / total
  );
  return { mean, directions, shares };
}

/** @returns `[n, count]`, row-major: where each row lies along the directions. */
export function project({ data, dim }: Matrix, { mean, directions }: Components): Float32Array {
  const count = directions.length, places = new Float32Array(data.length / dim * count);
  for (let at = 0; at < places.length; at++) {
    const first = Math.floor(at / count) * dim, direction = directions[at % count];
    let sum = 0;
    for (let i = 0; i < dim; i++) sum += (data[first + i] - mean[i]) * direction[i];
    places[at] = sum;
  }
  return places;
}

/** Rows as float64, their mean taken off. */
interface Centred {
  readonly values: Float64Array;
  readonly dim: number;
}

function centre({ data, dim }: Matrix): { centred: Centred; mean: Float64Array; total: number } {
  const rows = data.length / dim, mean = new Float64Array(dim), values = Float64Array.from(data);
  for (let at = 0; at < data.length; at++) mean[at % dim] += data[at] / rows;
  let total = 0;
  for (let at = 0; at < data.length; at++) {
    values[at] -= mean[at % dim];
    total += values[at] ** 2;
  }
  return { centred: { values, dim }, mean, total: total / (rows - 1) };
}

/** The covariance matrix times a vector, without the matrix. */
function covarianceTimes({ values, dim }: Centred, vector: Float64Array): Float64Array {
  const product = new Float64Array(dim), rows = values.length / dim;
  for (let first = 0; first < values.length; first += dim) {
    let along = 0;
    for (let i = 0; i < dim; i++) along += values[first + i] * vector[i];
    for (let i = 0; i < dim; i++) product[i] += along * values[first + i];
  }
  return product.map((value) => value / (rows - 1));
}

/** Gram-Schmidt, twice: once is not enough in floating point. What is left of dependent vectors is zero. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const basis: Float64Array[] = [];
  for (const vector of vectors) {
    const rest = Float64Array.from(vector), size = length(rest);
    for (const other of [...basis, ...basis]) {
      const along = dot(rest, other);
      for (let i = 0; i < rest.length; i++) rest[i] -= along * other[i];
    }
    const left = length(rest);
    basis.push(left > 1e-12 * size ? rest.map((value) => value / left) : new Float64Array(rest.length));
  }
  return basis;
}

/** The directions within a subspace along which the rows vary most, by Jacobi rotations of the small covariance. */
function ritz(centred: Centred, basis: readonly Float64Array[]): Float64Array[] {
  const images = basis.map((direction) => covarianceTimes(centred, direction));
  const small = basis.map((one) => Float64Array.from(images, (image) => dot(one, image)));
  const turned = basis.map((direction) => Float64Array.from(direction));
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < small.length; p++) {
      for (let q = p + 1; q < small.length; q++) rotate(small, turned, p, q);
    }
  }
  const order = small.map((_, i) => i).sort((a, b) => small[b][b] - small[a][a]);
  return order.map((i) => turned[i]);
}

/** Makes entry (p, q) of a symmetric matrix zero, and turns the directions alike. */
function rotate(small: Float64Array[], directions: Float64Array[], p: number, q: number): void {
  if (Math.abs(small[p][q]) <= 1e-300) return;
  const angle = 0.5 * Math.atan2(2 * small[p][q], small[q][q] - small[p][p]);
  const c = Math.cos(angle), s = Math.sin(angle);
  for (const row of small) [row[p], row[q]] = [c * row[p] - s * row[q], s * row[p] + c * row[q]];
  turn(small, p, q, c, s);
  turn(directions, p, q, c, s);
}

function turn(vectors: Float64Array[], p: number, q: number, c: number, s: number): void {
  const [first, second] = [vectors[p], vectors[q]];
  vectors[p] = first.map((value, i) => c * value - s * second[i]);
  vectors[q] = second.map((value, i) => s * first[i] + c * value);
}

/** Of a direction and its opposite one, so that equal data have equal maps. */
function withPositivePeak(direction: Float64Array): Float64Array {
  const peak = direction.reduce((best, value) => Math.abs(value) > Math.abs(best) ? value : best, 0);
  return peak < 0 ? direction.map((value) => -value) : direction;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function length(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector));
}
