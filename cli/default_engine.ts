import type { Engine } from "@seed/core";
import { type Host, loadPlugin, pluginContext } from "@seed/core/host";
import { DEFAULTS } from "./defaults.ts";

/** Opens the engine that recipes mean by silence, on whatever device there is. */
export async function openDefaultEngine(host: Host): Promise<Engine> {
  const use = await loadPlugin(DEFAULTS.engine, "engine", "");
  return await use.plugin.create({}, { ...pluginContext(use, 0, host), device: "auto", trace: true });
}
