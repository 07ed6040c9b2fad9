import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { RunError } from "../errors.ts";
import { isOfSystem } from "../files/writing.ts";

/**
 * The folder for what the user need not keep: installed engines, fetched weights, rasterised pictures.
 * `SEED_CACHE_DIR` if set, else the platform's place for caches.
 *
 * @throws {RunError} If there is no such place.
 */
export function cacheDirectory(): string {
  const named = Deno.env.get("SEED_CACHE_DIR");
  if (named) return resolve(named);
  switch (Deno.build.os) {
    case "darwin":
      return join(homeDirectory(), "Library", "Caches", "seed");
    case "windows":
      return join(absoluteIn("LOCALAPPDATA") ?? join(homeDirectory(), "AppData", "Local"), "seed");
    default:
      return join(absoluteIn("XDG_CACHE_HOME") ?? join(homeDirectory(), ".cache"), "seed");
  }
}

/** The folder that a variable of the system names; one that is empty or relative counts as unset, as XDG has it. */
function absoluteIn(variable: string): string | null {
  const folder = Deno.env.get(variable);
  return folder && isAbsolute(folder) ? folder : null;
}

/** By `HOME`, or by the system's list of users. */
function homeDirectory(): string {
  const home = Deno.env.get("HOME") || Deno.env.get("USERPROFILE") || homedir();
  if (home) return home;
  throw new RunError("There is no folder for the cache: HOME is not set; set SEED_CACHE_DIR to a folder");
}

/**
 * Writes something below a folder of the cache, which is made if need be.
 *
 * @throws {RunError} If the operating system refuses: the cache is full, or not the user's to write.
 */
export async function writingInCache(folder: string, write: () => Promise<void>): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    await write();
  } catch (error) {
    if (!isOfSystem(error)) throw error;
    throw new RunError(
      `Cannot write in the cache folder "${folder}": ${error.message}; free some space or mend its permissions, or set ` +
        "SEED_CACHE_DIR to a folder elsewhere",
      { cause: error },
    );
  }
}
