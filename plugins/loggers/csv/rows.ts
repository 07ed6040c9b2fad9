/**
 * Rows of comma-separated values, as RFC 4180 has them: a cell with a comma, a quote or a line's end stands in quotes.
 *
 * @module
 */

/** A row without its line's end. */
export function rowOf(cells: readonly (string | number | null)[]): string {
  return cells.map((cell) => quotedIfNeeded(cell === null ? "" : `${cell}`)).join(",");
}

function quotedIfNeeded(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Whole rows of a text, each with its cells; what stands after the last line's end is the rest of one cut off. */
export function rowsOf(text: string): { text: string; cells: string[] }[] {
  const rows: { text: string; cells: string[] }[] = [];
  let cells: string[] = [], start = 0;
  for (const match of text.matchAll(/("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n)/g)) {
    const [whole, cell, end] = match;
    cells.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end === ",") continue;
    rows.push({ text: text.slice(start, match.index + whole.length), cells });
    start = match.index + whole.length;
    cells = [];
  }
  return rows;
}
