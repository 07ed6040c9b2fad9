import { join } from "node:path";

/**
 * The folder for what the user need not keep: installed engines, fetched weights, rasterised pictures.
 * `SEED_CACHE_DIR` if set, else the platform's place for caches.
 */
export function cacheDirectory(): string {
  const named = Deno.env.get("SEED_CACHE_DIR");
  if (named) return named;
  const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE") ?? Deno.cwd();
  switch (Deno.build.os) {
    case "darwin":
      return join(home, "Library", "Caches", "seed");
    case "windows":
      return join(Deno.env.get("LOCALAPPDATA") ?? join(home, "AppData", "Local"), "seed");
    default:
      return join(Deno.env.get("XDG_CACHE_HOME") ?? join(home, ".cache"), "seed");
  }
}
