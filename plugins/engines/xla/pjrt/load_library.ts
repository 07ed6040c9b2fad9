/**
 * The loading of a plugin's library, without a check: what is given here is run. It imports nothing of packages, so that
 * the process that tries a plugin out ({@link tryPlugin}) begins at once.
 *
 * @module
 */

const RTLD_LAZY = 1, RTLD_NODELETE = 0x1000;

/** What the process that tries a plugin out ends with if the plugin lets it: no code that a library would end it with. */
export const SURVIVED = 177;

const SYMBOLS = { GetPjrtApi: { parameters: [], result: "pointer" } } as const;

/**
 * Loads a plugin for good, and returns where its table of functions is. Deno unloads its libraries at the end of a
 * process, and XLA's threads do not survive that.
 *
 * @returns null if the plugin gives no table.
 * @throws if the loader refuses, or there is no such function.
 */
export function loadLibrary(path: string): Deno.PointerValue {
  if (Deno.build.os === "linux") loadForGood(path);
  return Deno.dlopen(path, SYMBOLS).symbols.GetPjrtApi();
}

function loadForGood(path: string): void {
  const libc = Deno.dlopen("libc.so.6", { dlopen: { parameters: ["buffer", "i32"], result: "pointer" } });
  // A failure shows when Deno opens the same path, with the reason.
  libc.symbols.dlopen(new TextEncoder().encode(`${path}\0`), RTLD_LAZY | RTLD_NODELETE);
  libc.close();
}
