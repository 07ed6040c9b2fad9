import { cacheDirOf } from "./plugin_context.ts";
import type { LoadedPlugin } from "../../recipe/plugin_loader.ts";
import type { AugmenterModule } from "./messages.ts";

/** An augmenter's plugin with checked options. */
export type AugmenterUse = LoadedPlugin<"augmenter"> & { options: unknown };

/** What a worker imports an augmenter by. */
export function augmenterModule({ module, exportName, options, plugin }: AugmenterUse): AugmenterModule {
  return { module, exportName, options, cacheDir: cacheDirOf(plugin) };
}
