/**
 * @typedef {object} Nearest
 * @property {ArrayLike<number>} indices Of pictures, best first.
 * @property {ArrayLike<number>} similarities Their cosines.
 */

/**
 * A row of length 1; zeros stay.
 *
 * @param {Float32Array} row
 * @returns {Float32Array}
 */
export function unit(row) {
  const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)) || 1;
  return row.map((value) => value / length);
}

/**
 * The `k` rows that are most like a query; of equal ones the lower number first.
 *
 * @param {Float32Array} query `[dim]`, of length 1.
 * @param {Float32Array} rows `[n, dim]`, row-major, of length 1.
 * @param {number} k
 * @returns {Nearest}
 */
export function nearest(query, rows, k) {
  const dim = query.length, similarities = new Float64Array(rows.length / dim);
  for (let row = 0, at = 0; row < similarities.length; row++) {
    let sum = 0;
    for (let i = 0; i < dim; i++) sum += query[i] * rows[at++];
    similarities[row] = sum;
  }
  const order = Array.from(similarities, (_, row) => row);
  order.sort((a, b) => similarities[b] - similarities[a] || a - b);
  const indices = order.slice(0, k);
  return { indices, similarities: indices.map((row) => similarities[row]) };
}

/**
 * Where a row lies along directions.
 *
 * @param {Float32Array} row `[dim]`
 * @param {Float32Array} projection `[3, dim]`: what is taken off, and two directions.
 * @returns {[number, number]}
 */
export function project(row, projection) {
  /** @type {[number, number]} */
  const place = [0, 0];
  for (let i = 0; i < row.length; i++) {
    const value = row[i] - projection[i];
    place[0] += value * projection[row.length + i];
    place[1] += value * projection[2 * row.length + i];
  }
  return place;
}
