/** A path for a line of a log: of a long one its end, folders as a whole; the file's name is never cut. */
export function shortPath(path: string, length = 60): string {
  if (path.length <= length) return path;
  const parts = path.split("/");
  let end = parts.pop()!;
  for (const part of parts.toReversed()) {
    if (part.length + 1 + end.length + 4 > length) break;
    end = `${part}/${end}`;
  }
  return `.../${end}`;
}
