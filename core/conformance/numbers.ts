import assert from "node:assert/strict";

/** That all numbers are within `tolerance` of the expected ones. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  for (let i = 0; i < actual.length; i++) {
    if (Math.abs(actual[i] - expected[i]) <= tolerance) continue; // there are millions: no text for each
    assert.fail(`${what}: ${actual[i]} at ${i}, expected ${expected[i]}`);
  }
}

/** That all numbers are finite. */
export function assertFinite(values: ArrayLike<number>, what: string): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) assert.fail(`${what}: ${values[i]} at ${i}`);
  }
}

/** That the rows of a matrix have length 1. */
export function assertUnitRows(values: ArrayLike<number>, dim: number, what: string): void {
  for (let row = 0; row < values.length / dim; row++) {
    let square = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) square += values[i] ** 2;
    assert.ok(
      Math.abs(Math.sqrt(square) - 1) < 1e-5,
      `${what}: row ${row} has the length ${Math.sqrt(square)}`,
    );
  }
}

/** Whether two lists of arrays hold the same values: large ones are compared in a moment. */
export function sameValues(a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): boolean {
  return a.length === b.length && a.every((values, i) => {
    const others = b[i];
    if (values.length !== others.length) return false;
    for (let j = 0; j < values.length; j++) if (values[j] !== others[j]) return false;
    return true;
  });
}
