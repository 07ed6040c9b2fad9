/**
 * Float16 to float32, for browsers with `Float16Array` and for those without.
 *
 * @param {ArrayBuffer} buffer Of float16, little-endian.
 * @returns {Float32Array}
 */
export function halves(buffer) {
  const Half = /** @type {any} */ (globalThis).Float16Array;
  return Half ? Float32Array.from(new Half(buffer)) : Float32Array.from(new Uint16Array(buffer), half);
}

/**
 * @param {number} bits Of a float16.
 * @returns {number}
 */
export function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * 2 ** -24 * fraction : sign * 2 ** (exponent - 25) * (1024 + fraction);
}
