import { join, resolve } from "node:path";
import { cacheDirectory } from "../../fetch/cache_directory.ts";
import type { PluginContext } from "../../interfaces/plugin.ts";

/** The part of a plugin's context that is plain data, so that a worker can be sent it. */
export interface ContextData {
  readonly seed: number;
  /** Folder of the plugin's own in the user's cache. */
  readonly cacheDir: string;
  /** Folder that relative paths start from. */
  readonly base: string;
}

/** A plugin's folder in the user's cache: one of its name. */
export function cacheDirOf({ name }: { name: string }): string {
  return join(cacheDirectory(), name.replaceAll(/[^\w.-]+/g, "_").replace(/^_+/, ""));
}

/** The context that a plugin is given, in the main thread and in workers alike. */
export function contextOf(
  { seed, cacheDir, base }: ContextData,
  { log, signal }: Pick<PluginContext, "log" | "signal">,
): PluginContext {
  return { seed, cacheDir, resolve: (path) => resolve(base, path), log, signal };
}
