import { join, resolve } from "node:path";
import type { PluginContext } from "@seed/core";

/** What a plugin is given, with all its paths in a folder of the test's. */
export function contextIn(folder: string, logged: string[] = []): PluginContext {
  return {
    seed: 0,
    resolve: (path) => resolve(folder, path),
    cacheDir: join(folder, "cache"),
    log: (message) => void logged.push(message),
    signal: new AbortController().signal,
  };
}

/** Runs a test in a folder of its own. */
export async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-test-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
