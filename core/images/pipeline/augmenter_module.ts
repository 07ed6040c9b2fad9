import type { Plugin } from "../../interfaces/plugin.ts";
import { cacheDirOf } from "./plugin_context.ts";
import type { AugmenterModule } from "./messages.ts";

/** An augmenter's plugin, where it is, and checked options. */
export interface AugmenterUse {
  plugin: Plugin<"augmenter">;
  /** URL of its module. */
  module: string;
  exportName: string;
  options: unknown;
}

/** What a worker imports an augmenter by. */
export function augmenterModule({ module, exportName, options, plugin }: AugmenterUse): AugmenterModule {
  return { module, exportName, options, cacheDir: cacheDirOf(plugin) };
}
