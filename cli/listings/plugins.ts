import type { Plugin } from "@seed/core";
import type { Listing } from "./listing.ts";

interface PluginItem {
  name: string;
  kind: string;
  summary: string;
  /** Paper, repository or licence; null if it names none. */
  source: string | null;
}

/** Plugins that come with SEED: the members of the workspace below `plugins/`. */
export const plugins: Listing<PluginItem> = {
  async items() {
    const items: PluginItem[] = [];
    for (const { name, kind, about } of await shippedPlugins()) {
      items.push({ name, kind, summary: about.summary, source: about.source ?? null });
    }
    return items.sort((a, b) => a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name));
  },
  header: ["kind", "plugin", "what it is"],
  cells: ({ kind, name, summary }) => [kind, name, summary],
  none: "No plugins",
};

/** Imports them all. */
export async function shippedPlugins(): Promise<Plugin[]> {
  const root = new URL("../../plugins/", import.meta.url), found: Plugin[] = [];
  for await (const kind of Deno.readDir(root)) {
    for await (const { name } of Deno.readDir(new URL(`${kind.name}/`, root))) {
      const member = JSON.parse(await Deno.readTextFile(new URL(`${kind.name}/${name}/deno.json`, root)));
      found.push((await import(member.name)).default);
    }
  }
  return found;
}
