/**
 * Markdown with text from outside - names, paths, recipes - in it that nobody can read as markup.
 *
 * @module
 */
import { oneLine, printable } from "@seed/core";

/** A text as code within a line, in tables too. */
export function code(text: string): string {
  const plain = oneLine(text).replaceAll("|", "\\|"), fence = "`".repeat(longestRun(plain) + 1);
  const room = /^`|`$|^ .* $/.test(plain) ? " " : "";
  return `${fence}${room}${plain || " "}${room}${fence}`;
}

/** A text as a block of code. */
export function codeBlock(text: string, language: string): string {
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}${language}\n${printable(text).trimEnd()}\n${fence}`;
}

/** A table; cells are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** The most backticks beside each other. */
function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
}
