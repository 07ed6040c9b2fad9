import { oneLine } from "@seed/core";

/** Lines of a table: columns as wide as their widest cell, two spaces between. A row is one line, whatever names say. */
export function table(cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(oneLine));
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()).join(
    "\n",
  );
}

/** A share in 0..1 for people. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
