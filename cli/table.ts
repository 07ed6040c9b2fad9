/** Lines of a table: columns as wide as their widest cell, two spaces between. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()).join(
    "\n",
  );
}

/** A share in 0..1 for people. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
