/**
 * Text that comes from outside - a file's name, a class, a tensor's name, a line of a recipe - made safe to print.
 *
 * A terminal obeys control characters: one in a picture's name can clear a line, set the window's title, or write
 * "Done" where nothing is done. Characters that turn the writing direction make a name look like another.
 *
 * @module
 */

/**
 * Everything that a terminal may obey or that changes the order of what is shown: C0 but tab and newline, DEL, C1,
 * the line separators of Unicode, bidirectional controls (Unicode TR9), and halves of surrogate pairs.
 */
const UNSAFE =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;

/**
 * `text` as it can be printed: what a terminal would obey is written as an escape (`\u001b`), as JSON and YAML have
 * them, so that a JSON text keeps its meaning. Tabs and newlines stay, as messages have them; where a name must stay
 * on one line, see {@link quoted} and {@link oneLine}.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, escapeOf);
}

/** The same on one line, for a cell of a table or a line that changes. */
export function oneLine(text: string): string {
  return printable(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/**
 * A message whose further lines are set in: a name with a newline in it that gets into a message cannot pass for a
 * line of its own, such as the one that says that a command is done.
 */
export function setIn(message: string): string {
  return message.replaceAll("\n", "\n    ");
}

/**
 * A name or a value from outside for a message: in double quotes, on one line, cut after `length` characters.
 *
 * @param length Characters that are shown at most; more are told by `...`.
 */
export function quoted(text: string, length = 100): string {
  const cut = text.length > length ? `${text.slice(0, length)}...` : text;
  return printable(JSON.stringify(cut));
}

function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * Whether a text can stand on a line of its own in a file of lines, and be read back as it was: by readers too that
 * take form feeds or Unicode's separators for ends of lines, as Python's `splitlines` does.
 */
export function isOneLine(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return !/[\0\n\v\f\r\x1c-\x1e\x85\u2028\u2029]/.test(text);
}
