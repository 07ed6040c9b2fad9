import { join, resolve } from "node:path";
import { cacheDirectory } from "./fetch/cache_directory.ts";
import type { PluginContext } from "./interfaces/plugin.ts";

/** The part of a plugin's context that is plain data, so that a worker can be sent it. */
export interface ContextData {
  readonly seed: number;
  /** Folder of the plugin's own in the user's cache. */
  readonly cacheDir: string;
  /** Folder that relative paths start from. */
  readonly base: string;
}

/** The data of a plugin's context; its cache is a folder of its name. */
export function contextData({ name }: { name: string }, seed: number): ContextData {
  const folder = name.replaceAll(/[^\w.-]+/g, "_").replace(/^_+/, "");
  return { seed, cacheDir: join(cacheDirectory(), folder), base: resolve(".") };
}

/** The context that a plugin is given, in the main thread and in workers alike. */
export function contextOf(
  { seed, cacheDir, base }: ContextData,
  { log, signal }: Pick<PluginContext, "log" | "signal">,
): PluginContext {
  return { seed, cacheDir, resolve: (path) => resolve(base, path), log, signal };
}
