/**
 * A few numbers that stand for a large array. The twin of fingerprint.py.
 *
 * @module
 */
import assert from "node:assert/strict";
import { unit } from "./formula.ts";

/** Root mean square, dot products with fixed noise (over sqrt(n)), and evenly spaced elements. */
export interface Fingerprint {
  rms: number;
  projections: number[];
  samples: number[];
}

/**
 * Every number must be within `tolerance * max(rms, floor)` of the expected one.
 *
 * @param options.floor Size below which a value counts as zero: one that is zero but for rounding has no relative
 * error to speak of.
 */
export function assertFingerprint(
  name: string,
  values: ArrayLike<number>,
  expected: Fingerprint,
  { tolerance, floor = 0 }: { tolerance: number; floor?: number },
): void {
  const allowed = tolerance * Math.max(expected.rms, floor);
  const check = (what: string, actual: number, wanted: number) =>
    assert.ok(
      Math.abs(actual - wanted) <= allowed, // false for NaN
      `${name}, ${what}: ${actual}, expected ${wanted} +- ${allowed.toPrecision(3)}`,
    );
  const n = values.length, { projections, samples } = expected;
  check("rms", Math.sqrt(dot(values, (i) => values[i]) / n), expected.rms);
  projections.forEach((wanted, k) => {
    const noise = unit(`projection.${k}`, n);
    check(`projection ${k}`, dot(values, (i) => 2 * noise[i] - 1) / Math.sqrt(n), wanted);
  });
  samples.forEach((wanted, i) => {
    const at = Math.floor(i * n / samples.length);
    check(`element ${at} of ${n}`, values[at], wanted);
  });
}

function dot(values: ArrayLike<number>, other: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * other(i);
  return sum;
}
