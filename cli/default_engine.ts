import type { Engine } from "@seed/core";
import { type Host, loadPlugin, openEngine } from "@seed/core/host";
import { DEFAULTS } from "./defaults.ts";

/**
 * Opens the engine that recipes mean by silence, on whatever device there is.
 *
 * @param processes Those that compute on this machine.
 */
export async function openDefaultEngine(host: Host, processes: number): Promise<Engine> {
  const specifier = DEFAULTS.engine, loaded = await loadPlugin(specifier, "engine", "");
  const options = loaded.plugin.options.parse({}), asked = { device: "auto", trace: true } as const;
  const engine = { ...loaded, specifier, options, place: "", ...asked };
  return await openEngine({ engine, seed: 0 }, host, processes);
}
