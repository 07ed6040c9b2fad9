import { type Device, RunError } from "@seed/core";
import { findCards, requireCards } from "../driver/find_cards.ts";
import { findCudaPlugin, type FindOptions } from "./find_plugin.ts";
import { openLibraries } from "./open_libraries.ts";

/**
 * The file of XLA's plugin for NVIDIA cards, ready to be loaded. Nothing is fetched or loaded unless there is a card
 * that it can use.
 *
 * @param find Asks the driver for cards.
 * @throws {RunError} If there is none, or the plugin cannot be installed.
 */
export async function cudaPluginFile(
  { device, ...options }: FindOptions & { device: Device | "auto" },
  find = findCards,
): Promise<string> {
  if (device === "cpu") {
    throw new RunError(
      'XLA computes on NVIDIA cards, but the recipe asks for engine.device "cpu": leave out engine.plugin, or name a ' +
        "plugin for processors by engine.plugin_file or SEED_PJRT_PLUGIN",
    );
  }
  requireCards(find());
  const { file, site } = await findCudaPlugin(options);
  openLibraries(site);
  return file;
}
