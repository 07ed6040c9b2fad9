import { printable } from "../text/printable.ts";

/** Characters of a value that a message shows. */
const MOST_CHARACTERS = 160;

/** A value of a recipe for a message, as JSON would have it: on one line, cut if it is long. */
export function shown(value: unknown): string {
  const text = render(value, { left: MOST_CHARACTERS });
  return printable(text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}...` : text);
}

/** @param room How many characters are still of use: what comes after them is not looked at. */
function render(value: unknown, room: { left: number }): string {
  if (room.left <= 0) return "";
  if (typeof value === "number") return spend(String(value), room); // JSON has no infinity
  if (typeof value === "string") return spend(JSON.stringify(value.slice(0, room.left + 1)), room);
  if (Array.isArray(value)) return `[${list(value, (item) => render(item, room), room)}]`;
  if (typeof value !== "object" || value === null) return spend(`${value}`, room);
  const entry = ([key, inner]: [string, unknown]) =>
    `${spend(JSON.stringify(key), room)}:${render(inner, room)}`;
  return `{${list(Object.entries(value), entry, room)}}`;
}

function list<T>(items: readonly T[], show: (item: T) => string, room: { left: number }): string {
  const texts: string[] = [];
  for (const item of items) {
    if (room.left <= 0) break;
    texts.push(show(item));
    room.left--;
  }
  return texts.join(",");
}

function spend(text: string, room: { left: number }): string {
  room.left -= text.length;
  return text;
}
