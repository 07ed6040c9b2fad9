/** Colours that Deno gives places in messages of its own. */
// deno-lint-ignore no-control-regex
const COLOUR = /\x1b\[[0-9;]*m/g;

/** `URL:line:column`, as messages of Deno's and stack traces have it. */
const PLACE = /\b((?:file|https?|npm|jsr):\S*?:\d+:\d+)\)?/g;

/**
 * Where in a plugin's own code an error came about: the first place of its message or stack trace that is not SEED's.
 *
 * @returns ` at URL:line:column`; empty if it is not known, or if the text that it is for says so already.
 */
export function placeOf(error: unknown, text = ""): string {
  const { message = "", stack = "" } = error as Partial<Error> ?? {};
  for (const [, place] of `${message}\n${stack}`.replace(COLOUR, "").matchAll(PLACE)) {
    if (SEED.some((folder) => place.startsWith(folder))) continue;
    return text.includes(place) ? "" : ` at ${place}`;
  }
  return "";
}

const SEED = ["core/", "nn/", "cli/", "plugins/"].map((folder) =>
  new URL(`../../${folder}`, import.meta.url).href
);
