/**
 * Leaves of nested values, by their path: `train.lr`.
 *
 * @param options.number How a number is written: default with five digits, for people.
 */
export function leavesOf(
  values: Readonly<Record<string, unknown>>,
  { prefix = "", number = rounded }: { prefix?: string; number?: (value: number) => string } = {},
): [path: string, text: string][] {
  return Object.entries(values).flatMap(([key, value]): [string, string][] => {
    const path = prefix + key;
    if (typeof value === "object" && value !== null) {
      const inner = leavesOf(value as Record<string, unknown>, { prefix: `${path}.`, number });
      return inner.length ? inner : [[path, Array.isArray(value) ? "[]" : "{}"]];
    }
    return [[path, typeof value === "number" ? number(value) : String(value)]];
  });
}

function rounded(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));
}
