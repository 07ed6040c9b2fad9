/**
 * What keys of recipes mean, as `docs/recipes.md` tells it: it is written once, and a test sees to it that every key has
 * its row.
 *
 * @module
 */

/** The meaning of a plugin's key, or of the core's; null: its row tells none. */
export type Meaning = (owner: string | null, key: string) => string | null;

/** Reads the tables of the page. */
export function meaningsIn(page: string): Meaning {
  const meanings = new Map<string, string>();
  let owner: string | null = null, columns: string[] = [];
  for (const line of page.split("\n")) {
    const cells = cellsOf(line);
    if (!cells) {
      [owner, columns] = [null, []];
      continue;
    }
    if (columns.length === 0) columns = cells;
    const cell = (name: string) => cells[columns.indexOf(name)] ?? "";
    owner = nameIn(cell("plugin")) ?? owner;
    const key = nameIn(cell("option")) ?? nameIn(cell("key")), meaning = plainText(cell("meaning"));
    if (key && meaning) meanings.set(`${owner ?? ""} ${key}`, meaning);
  }
  return (owner, key) => meanings.get(`${owner ?? ""} ${key}`) ?? null;
}

function cellsOf(line: string): string[] | null {
  if (!line.startsWith("|")) return null;
  return line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function nameIn(cell: string): string | null {
  return cell.match(/^`([^`]+)`$/)?.[1] ?? null;
}

/** Without links, and without marks of code. */
function plainText(cell: string): string {
  return cell.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
}
